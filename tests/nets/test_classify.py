"""Losses against formulas in numpy, class weights by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tunebook.core.nouns import Labels
from tunebook.nets.classify import Classify, class_weights

SINGLE = Labels(problem="single_label", names=["bad", "so", "good"])
SEVERAL = Labels(problem="multi_label", names=["bad", "so", "good"])
NUMBER = Labels(problem="regression", low=0, high=2)
ORDERED = Labels(problem="ordinal", names=["bad", "so", "good"], low=0, high=2)


def net(logits: np.ndarray) -> Any:
    """A model that gives these logits, whatever it reads."""
    return lambda **inputs: SimpleNamespace(logits=torch.from_numpy(logits))


def draw(labels: Labels, count: int = 11, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(count, labels.outputs)).astype(np.float32)
    if labels.problem == "single_label":
        return logits, rng.integers(3, size=count)
    if labels.problem == "multi_label":
        return logits, rng.integers(2, size=(count, 3)).astype(np.float32)
    return logits, rng.uniform(0, 2, size=count).astype(np.float32)


def row_losses(labels: Labels, logits: np.ndarray, targets: np.ndarray, e: float, w: np.ndarray | None) -> np.ndarray:
    """Loss of each row by the textbook, in float64."""
    z = logits.astype(np.float64)
    if labels.problem == "single_label":
        log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
        wanted = np.eye(3)[targets] * (1 - e) + e / 3
        return -(wanted * log_p * (1 if w is None else w)).sum(1)
    if labels.problem == "multi_label":
        p = 1 / (1 + np.exp(-z))
        y = targets * (1 - e) + e / 2
        return -((1 if w is None else w) * y * np.log(p) + (1 - y) * np.log(1 - p)).mean(1)
    return (z[:, 0] - targets) ** 2


@pytest.mark.parametrize("labels", [SINGLE, SEVERAL, NUMBER, ORDERED], ids=lambda labels: labels.problem)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("sampled", [False, True])
def test_the_loss_is_the_formula(labels: Labels, smoothing: float, weighted: bool, sampled: bool) -> None:
    logits, targets = draw(labels)
    classes = labels.problem in ("single_label", "multi_label")
    w = np.array([0.5, 2.0, 1.2]) if weighted and classes else None
    e = smoothing if classes else 0.0
    criterion = Classify(labels.kind.link, None if w is None else torch.from_numpy(w.astype(np.float32)), e)
    sample = np.random.default_rng(1).uniform(0, 2, len(logits)).astype(np.float32) if sampled else np.ones(len(logits))
    batch = {"input_ids": torch.zeros(1), "labels": torch.from_numpy(targets)}
    if sampled:
        batch["sample_weight"] = torch.from_numpy(sample)
    found, _ = criterion.loss(net(logits), batch)
    per_row = w[targets] if w is not None and labels.problem == "single_label" else np.ones(len(logits))
    expected = (row_losses(labels, logits, targets, e, w) * sample).sum() / (per_row * sample).sum()
    assert float(found) == pytest.approx(expected, rel=1e-5)
    assert float(criterion.items(batch)) == pytest.approx((per_row * sample).sum(), rel=1e-6)


def test_rows_without_weight_give_no_loss_and_no_nan() -> None:
    logits, targets = draw(SINGLE)
    batch = {"labels": torch.from_numpy(targets), "sample_weight": torch.zeros(len(targets))}
    found, _ = Classify("softmax", None, 0.0).loss(net(logits), batch)
    assert float(found) == 0


def test_balanced_weights() -> None:
    """N / (K n_c), as scikit-learn has it; their mean over the rows is 1."""
    from sklearn.utils.class_weight import compute_class_weight

    targets = np.array([0] * 7 + [1] * 2 + [2])
    found = class_weights(targets, SINGLE, "balanced")
    assert found is not None
    np.testing.assert_allclose(found, [10 / 21, 10 / 6, 10 / 3], rtol=1e-6)
    np.testing.assert_allclose(found, compute_class_weight("balanced", classes=np.arange(3), y=targets), rtol=1e-6)
    assert found[targets].mean() == pytest.approx(1)
    root = class_weights(targets, SINGLE, "sqrt")
    assert root is not None
    np.testing.assert_allclose(root / root[0], np.sqrt(found / found[0]), rtol=1e-6)
    assert root[targets].mean() == pytest.approx(1)


def test_a_class_without_rows_has_a_finite_weight() -> None:
    found = class_weights(np.array([0, 0, 1]), SINGLE, "balanced")
    assert found is not None and np.isfinite(found).all()


def test_weights_of_several_labels_are_negatives_over_positives() -> None:
    targets = np.zeros((200, 3), dtype=np.float32)
    targets[:50, 0] = targets[:, 1] = targets[0, 2] = 1
    np.testing.assert_allclose(class_weights(targets, SEVERAL, "balanced"), [3, 0.01, 100])  # type: ignore[arg-type]
    np.testing.assert_allclose(class_weights(targets, SEVERAL, "sqrt"), [3**0.5, 0.1, 10], rtol=1e-6)  # type: ignore[arg-type]


@pytest.mark.parametrize("labels", [NUMBER, ORDERED])
def test_numbers_have_no_class_weights(labels: Labels) -> None:
    assert class_weights(np.array([0.0, 1.0]), labels, "balanced") is None
    assert class_weights(np.array([0, 1]), SINGLE, "none") is None
