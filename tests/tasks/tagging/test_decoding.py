"""Tags that make sense together: of all sequences in which I follows its own type, the most probable."""

from __future__ import annotations

from itertools import pairwise, product
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.tasks.tagging import made, readers
from tunebook.bundle.pieces import END, FIRST, PART, START
from tunebook.bundle.spans import SAID, TRUE, Spans
from tunebook.core.encoded import Encoded
from tunebook.core.task import Rows
from tunebook.nets.linear_chain import LinearChain
from tunebook.tasks.tagging import Tagging
from tunebook.tasks.tagging.decoding import best_of_chain, best_tags, read, viterbi


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


def test_with_a_chain_the_best_sequence_and_its_chances_are_those_of_all_sequences():
    draw = torch.Generator().manual_seed(4)
    chain = LinearChain(5)
    with torch.no_grad():
        for item in chain.parameters():
            item.copy_(torch.randn(item.shape, generator=draw) * 2)
    sizes = [3, 1, 4]
    scores = [torch.randn(size, 5, generator=draw).log_softmax(1) for size in sizes]
    row = torch.repeat_interleave(torch.tensor([0, 2, 3]), torch.tensor(sizes))  # a row without pieces between
    tags, chances = best_of_chain(torch.cat(scores), row, chain)
    differs = 0
    for one, found, chance in zip(scores, tags.split(sizes), chances.split(sizes), strict=True):
        paths = [path for path in product(range(5), repeat=len(one)) if allowed(path)]
        start, follow, end = (item.detach() for item in (chain.start, chain.transitions, chain.end))
        of = torch.stack(
            [
                start[path[0]] + end[path[-1]] + one[range(len(path)), list(path)].sum()
                + sum(follow[pair] for pair in pairwise(path))
                for path in paths
            ]
        )  # fmt: skip
        best = paths[int(of.argmax())]
        assert tuple(found.tolist()) == best
        shares = of.softmax(0)
        for place, tag in enumerate(best):
            own = sum(share for path, share in zip(paths, shares, strict=True) if path[place] == tag)
            assert float(chance[place]) == pytest.approx(float(own), rel=1e-4)
        differs += best != tuple(one.argmax(1).tolist())
    assert differs
    nothing = best_of_chain(scores[0][:0], row[:0], chain)
    assert [len(part) for part in nothing] == [0, 0]
