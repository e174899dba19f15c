"""Cheap models of classes and numbers: what they are made of, and what chooses their strength."""

from __future__ import annotations

import numpy as np
import pytest

from tunebook.core.nouns import Labels
from tunebook.core.task import Rows
from tunebook.tasks import label_baselines as module


def test_strength_is_chosen_on_validation_rows_where_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FEW", 5)
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(60, 4)) for _ in range(3)]
    y = [(part[:, 0] > 0).astype(int) for part in x]
    labels = Labels(problem="single_label", names=["a", "b", "never"])
    logits = module._linear(x, y[0], y[1], labels)
    assert logits.shape == (60, 3)
    assert (logits.argmax(1) == y[2]).mean() > 0.9
    assert (logits[:, 2] == -30).all(), "a class without training rows is never said"


def test_characters_for_chinese() -> None:
    rows = Rows(["房间很好", "房间很差"], None, None, ["0", "1"])
    features = module._tfidf(True)(rows, rows)
    assert features[0].shape == features[1].shape
    assert features[0].shape[1] > 4


@pytest.mark.parametrize("each", [1, 2, 3])
def test_a_few_rows_of_each_class_are_enough(each: int) -> None:
    labels = Labels(problem="single_label", names=["a", "b", "c"])
    targets = np.repeat(np.arange(3), each)
    draw = np.random.default_rng(0)
    x = [np.eye(3)[rows] + 0.01 * draw.normal(size=(len(rows), 3)) for rows in (targets, np.arange(3), np.arange(3))]
    logits = module._linear(x, targets, None, labels)
    assert logits.argmax(1).tolist() == [0, 1, 2]
