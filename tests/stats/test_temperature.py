"""The temperature of the least loss against SciPy's search and scikit-learn's loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn.metrics import log_loss

from tunebook.core.links import sigmoid, softmax
from tunebook.stats.temperature import FARTHEST, at_end, crossed, fit, losses

DRAW = np.random.default_rng(0)


def classes(rows: int, scale: float) -> Any:
    """Logits `scale` times those by which the classes were drawn."""
    true = DRAW.normal(size=(rows, 4)) * 1.5
    chances = softmax(true)
    targets = np.array([DRAW.choice(4, p=row) for row in chances])
    return true * scale, targets


@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
def test_of_classes_it_is_what_a_search_finds(scale: float) -> None:
    logits, targets = classes(800, scale)

    def loss(log: float) -> float:
        return float(log_loss(targets, softmax(logits / np.exp(log)), labels=range(4)))

    best = minimize_scalar(loss, bounds=(-4, 4), method="bounded", options={"xatol": 1e-8})
    found = fit(logits, targets, "softmax")
    assert found == pytest.approx(np.exp(best.x), rel=1e-5) and found == pytest.approx(scale, rel=0.25)
    assert losses(logits, targets, "softmax", found).mean() == pytest.approx(best.fun)
    assert not at_end(found)


def test_of_several_labels_each_output_counts_by_itself() -> None:
    true = DRAW.normal(size=(500, 3))
    targets = (DRAW.random((500, 3)) < sigmoid(true)).astype(float)

    def loss(log: float) -> float:
        return float(log_loss(targets.ravel(), sigmoid(3 * true / np.exp(log)).ravel()))

    best = minimize_scalar(loss, bounds=(-4, 4), method="bounded", options={"xatol": 1e-8})
    found = fit(3 * true, targets, "sigmoid")
    assert found == pytest.approx(np.exp(best.x), rel=1e-5)
    assert losses(3 * true, targets, "sigmoid", found).mean() == pytest.approx(best.fun)


def test_rows_that_are_all_right_or_all_wrong_do_not_tell() -> None:
    logits = np.eye(3)[np.arange(30) % 3]
    assert at_end(fit(logits, np.arange(30) % 3, "softmax"))
    wrong = fit(logits, (np.arange(30) + 1) % 3, "softmax")
    assert at_end(wrong) and wrong == pytest.approx(FARTHEST)


def test_each_fold_is_read_by_the_temperature_of_the_others() -> None:
    logits, targets = classes(60, 2.0)
    folds = np.arange(60) % 3
    found = crossed(logits, targets, "softmax", folds)
    for fold in range(3):
        expected = fit(logits[folds != fold], targets[folds != fold], "softmax")
        np.testing.assert_array_equal(found[folds == fold], expected)
    moved = targets.copy()
    moved[folds == 0] = (moved[folds == 0] + 1) % 4  # their own labels have no say in how they are read
    np.testing.assert_array_equal(crossed(logits, moved, "softmax", folds)[folds == 0], found[folds == 0])
    np.testing.assert_array_equal(crossed(logits[:4], targets[:4], "softmax", np.zeros(4, dtype=int)), np.ones(4))
    each = losses(logits, targets, "softmax", found)
    assert each[5] == pytest.approx(losses(logits[5:6], targets[5:6], "softmax", found[5])[0])
