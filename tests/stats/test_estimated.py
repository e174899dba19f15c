"""The share of right answers from probabilities alone: what it should be, and how often its interval holds it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tunebook.stats.estimated import Calibrator, estimated_accuracy, logits


def drawn(rows: int, seed: int, a: float = -0.4, b: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are too sure, and whether their answers are right."""
    rng = np.random.default_rng(seed)
    said = rng.beta(6, 1.5, rows)
    true = 1 / (1 + np.exp(-(a + b * logits(said))))
    return said, rng.random(rows) < true


def test_the_curve_is_that_of_a_ridge_regression() -> None:
    said, right = drawn(500, 0)
    found = Calibrator.of(said, right).curves[0]
    x = logits(said)
    # sklearn pulls b towards 0, ours towards 1: an offset of x does that, and its intercept is free.
    theirs = LogisticRegression(C=1.0, tol=1e-10).fit(x[:, None], right)
    assert found[1] == pytest.approx(theirs.coef_[0, 0], abs=0.03)
    assert found[0] == pytest.approx(theirs.intercept_[0], abs=0.05)


def test_its_gradient_is_nought() -> None:
    said, right = drawn(300, 1)
    a, b = Calibrator.of(said, right).curves[0]
    x = logits(said)
    off = 1 / (1 + np.exp(-(a + b * x))) - right
    assert off.sum() + a == pytest.approx(0, abs=1e-6)
    assert off @ x + b - 1 == pytest.approx(0, abs=1e-6)


def test_intervals_hold_the_share_of_right_answers() -> None:
    """Of 60 windows of other texts, with another spread of probabilities, 95 % should be held: 85 % is far below."""
    held = 0
    for seed in range(60):
        said, right = drawn(200, 1000 + seed)
        rng = np.random.default_rng(seed)
        new = rng.beta(3, 2, 250)
        truly = rng.random(250) < 1 / (1 + np.exp(-(-0.4 + 0.6 * logits(new))))
        found = estimated_accuracy(Calibrator.of(said, right), new)
        held += found.low <= truly.mean() <= found.high
    assert held >= 0.85 * 60


def test_rows_that_are_all_right_still_give_a_curve() -> None:
    found = estimated_accuracy(Calibrator.of(np.full(30, 0.9), np.ones(30)), np.full(20, 0.9))
    assert 0.9 < found.value <= 1.0
    assert found.low < found.value <= found.high <= 1.0


def test_no_answers_have_no_share() -> None:
    with pytest.raises(ValueError, match="no answers"):
        estimated_accuracy(Calibrator.of(*drawn(50, 2)), np.array([np.nan]))
    assert Calibrator.of(np.zeros(0), np.zeros(0)).curves[0] == pytest.approx([0.0, 1.0])
    assert 0 <= estimated_accuracy(Calibrator.of(np.zeros(0), np.zeros(0)), np.array([0.0, 1.0])).value <= 1
