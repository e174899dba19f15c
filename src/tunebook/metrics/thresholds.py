"""Where a probability becomes a yes: one threshold for each class of a multi-label task."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.metrics.calibration import sigmoid
from tunebook.metrics.ranking import tie_starts

Array = NDArray[Any]

# Rows that the common threshold weighs when a class's own one is drawn towards it.
PRIOR_ROWS = 20
# A class with fewer positive rows takes the common threshold: its own would be noise.
FEWEST = 5


def best_thresholds(logits: Array, targets: Array) -> Array:
    """Thresholds (C,) on probabilities, chosen on validation rows to give the highest F1 of each class.

    The best cut of n positive rows is noisy, so it is drawn towards the cut that is best for all classes together:
    (n * own + 20 * common) / (n + 20). A class with fewer than 5 positive rows takes the common cut, and without any
    positive row at all every class takes 0.5.

    Args:
        logits: shape (N, C), on rows that were not trained on.
        targets: 0 and 1, shape (N, C).
    """
    scores, true = sigmoid(logits), np.asarray(targets, dtype=bool)
    common = _best_cut(scores.ravel(), true.ravel())
    positives = true.sum(0)
    own = np.array([_best_cut(scores[:, c], true[:, c]) for c in range(scores.shape[1])])
    drawn = (positives * own + PRIOR_ROWS * common) / (positives + PRIOR_ROWS)
    return np.where(positives < FEWEST, common, drawn)


def _best_cut(scores: Array, true: Array) -> float:
    """Middle of the gap between scores at which `score > cut` has the highest F1; 0.5 without positives."""
    if not true.any() or np.isnan(scores).any():
        return 0.5
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    last = np.r_[tie_starts(ordered)[1:], len(ordered)] - 1
    taken = last + 1
    right = np.cumsum(true[order])[last]
    best = int(np.argmax(2 * right / (taken + true.sum())))
    lowest = ordered[last[best]]
    below = ordered[last[best + 1]] if best + 1 < len(last) else 0.0
    return float((lowest + below) / 2)


__all__ = ["FEWEST", "PRIOR_ROWS", "best_thresholds"]
