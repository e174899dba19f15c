"""The loss of a tagger: a weighted mean over the tokens that count, however rows are split."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from tests import small
from tests.tasks.tagging import made
from tunebook.core.task import Rows
from tunebook.tasks.tagging import Tagging
from tunebook.tasks.tagging.loss import Tag
from tunebook.tasks.tagging.tags import classes

TASK = Tagging()
ROWS = made.rows(9, repeat=3)
ENCODED = TASK.encode(ROWS, small.tokenizer(), 12)


def model(seed=0):
    """Logits that depend on the token alone."""
    table = torch.randn(60, 5, generator=torch.Generator().manual_seed(seed))
    return lambda input_ids, attention_mask: SimpleNamespace(logits=table[input_ids])


@pytest.mark.parametrize("rule", ["none", "balanced", "sqrt"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_the_mean_over_tokens(rule, smoothing, weighted):
    weights = np.linspace(0.5, 2, 9, dtype=np.float32)
    encoded = ENCODED.with_fixed(sample_weight=weights) if weighted else ENCODED
    criterion = Tag.of(made.LABELS, made.settings(class_weights=rule, label_smoothing=smoothing), encoded)
    tags = classes(encoded)
    own = torch.from_numpy(tags[tags >= 0])
    row = np.repeat(np.arange(9), encoded.lengths)[tags >= 0]
    logits = model()(torch.from_numpy(encoded.flat["input_ids"][tags >= 0]).long(), None).logits
    of_class = None
    if rule != "none":
        counts = np.maximum(np.bincount(own.numpy(), minlength=5), 1)
        raw = (len(own) / (5 * counts)) ** (1 if rule == "balanced" else 0.5)
        of_class = torch.tensor(raw * len(own) / (raw * counts).sum(), dtype=torch.float32)
    each = F.cross_entropy(logits, own, of_class, reduction="none", label_smoothing=smoothing)
    sample = torch.from_numpy(weights[row]) if weighted else torch.ones(len(own))
    below = (sample * (of_class[own] if of_class is not None else 1)).sum()
    expected = float((each * sample).sum() / below)
    whole = TASK.collate(encoded, range(9), 0)
    assert float(criterion.loss(model(), whole)[0]) == pytest.approx(expected, rel=1e-5)
    assert float(criterion.items(whole)) == pytest.approx(float(below), rel=1e-5)
    lines = [int((part >= 0).sum()) for part in whole["tagging.class"]]
    assert len(lines) == len(whole["labels"]) > 9, "some rows have several windows"
    if not weighted and rule == "none":
        assert criterion.counts(whole).tolist() == lines
    parts = [TASK.collate(encoded, rows, 0) for rows in ([4], [0, 8, 2], [1, 3, 5, 6, 7])]
    summed = sum(criterion.loss(model(), part)[0] * criterion.items(part) for part in parts)
    assert float(summed / below) == pytest.approx(expected, rel=1e-5)
    items = criterion.flat(model()(whole["input_ids"], None), whole)
    assert items.logits.shape == (len(own), 5) and float(items.weights.sum()) == pytest.approx(float(below), rel=1e-5)


def test_rows_without_tokens_weigh_nothing():
    empty = Rows(["", ""], None, made.targets([[], []]), ["a", "b"])
    batch = TASK.collate(TASK.encode(empty, small.tokenizer(), 12), [0, 1], 0)
    criterion = Tag.of(made.LABELS, made.settings(), ENCODED)
    loss, _ = criterion.loss(model(), batch)
    assert float(loss) == 0 and float(criterion.items(batch)) == 0
