"""Tags that make sense together: of all sequences in which I follows its own type, the most probable."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.tasks.tagging import made, readers
from tunebook.core.encoded import Encoded
from tunebook.core.task import Rows
from tunebook.tasks.tagging import Tagging
from tunebook.tasks.tagging.decoding import best_tags, read, viterbi
from tunebook.tasks.tagging.pieces import END, FIRST, PART, START
from tunebook.tasks.tagging.spans import SAID, TRUE, Spans


def allowed(path):
    """Whether every I follows B or I of its type."""
    return all(
        tag == 0 or tag % 2 == 1 or (place and path[place - 1] in (tag, tag - 1)) for place, tag in enumerate(path)
    )


def best(scores):
    """The best of all paths that are allowed."""
    paths = [path for path in product(range(scores.shape[1]), repeat=len(scores)) if allowed(path)]
    return max(paths, key=lambda path: float(sum(scores[place, tag] for place, tag in enumerate(path))))


@pytest.mark.parametrize("types", [1, 2])
def test_the_best_of_all_sequences_is_found(types):
    draw = torch.Generator().manual_seed(types)
    sizes = [1, 4, 2, 5, 3] * 8
    scores = [torch.randn(size, 1 + 2 * types, generator=draw).log_softmax(1) for size in sizes]
    row = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    found = best_tags(torch.cat(scores), row, len(sizes)).split(sizes)
    assert [tuple(path.tolist()) for path in found] == [best(one) for one in scores]
    assert any(not allowed(one.argmax(1).tolist()) for one in scores), "some had to be mended"
    # What needed no mending is what the search gives too.
    real = torch.arange(5) < torch.tensor(sizes)[:, None]
    padded = torch.zeros(*real.shape, 1 + 2 * types)
    padded[real] = torch.cat(scores)
    assert torch.equal(viterbi(padded, real)[real], torch.cat(found))


def drawn(encoded, row, rng):
    """Up to two spans of whole pieces of a row."""
    own = slice(encoded.offsets[row], encoded.offsets[row + 1])
    first = np.flatnonzero(encoded.flat[PART][own] == FIRST)
    starts, ends = (encoded.flat[name][own][first].tolist() for name in (START, END))
    borders = sorted(rng.choice(len(first), size=4, replace=False).tolist()) if len(first) > 4 else []
    pairs = zip(borders[::2], borders[1::2], strict=True)
    return [(starts[one], ends[other - 1], int(rng.integers(2))) for one, other in pairs]


def test_spans_are_read_from_windows():
    """Logits that say the true tags give the true spans, with the mean chance of their tags, of rows in any order."""
    task, reader = Tagging(), readers.tokenizer("bytes")
    texts = [*readers.TEXTS, ""]
    probe = task.encode(Rows(texts, None, None, texts), reader, 12)
    rng = np.random.default_rng(0)
    spans = [drawn(probe, number, rng) for number in range(len(texts))]
    rows = Rows(texts, None, made.targets(spans), texts)
    encoded: Encoded = task.encode(rows, reader, 12)
    order = [5, 0, 6, 3, 1, 2, 4]
    batch = task.collate(encoded, order, 1)
    logits = torch.nn.functional.one_hot(batch["tagging.class"].clamp_min(0), 5) * 3.0
    found = read(SimpleNamespace(logits=logits), batch).numpy()
    true, said = Spans.of(rows.targets[order], TRUE), Spans.of(found, SAID)
    assert len(true.row) >= 8
    for name in ("row", "start", "end", "label"):
        np.testing.assert_array_equal(getattr(true, name), getattr(said, name))
    chance = np.exp(3) / (np.exp(3) + 4)
    np.testing.assert_allclose(said.score, chance, rtol=1e-6)
    nothing = read(SimpleNamespace(logits=torch.zeros_like(logits)), batch)
    assert nothing.shape == (7, 5) and nothing[:, 1].tolist() == [len(texts[row].rstrip()) for row in order]
