"""The temperature of probabilities: one number by which all outputs are divided before they become probabilities.

Source: Guo et al., On calibration of modern neural networks, 2017; the loss is convex in 1 / temperature.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import row_losses
from tunebook.core.kind import Link
from tunebook.core.links import sigmoid, softmax

Array = NDArray[Any]
FARTHEST = 50.0  # and its inverse: rows that ask for more, as where all are right, do not tell how sure to be
_HALVINGS = 50


def fit(logits: Array, targets: Array, link: Link) -> float:
    """The temperature of the least mean loss, from 1 / 50 to 50.

    Args:
        logits: shape (M, outputs); targets: (M,), or (M, outputs) of 0 and 1 where the link is `sigmoid`.
    """
    slope = _slope(np.asarray(logits, dtype=np.float64), targets, link)
    low, high = -np.log(FARTHEST), np.log(FARTHEST)  # of the logarithm of 1 / temperature
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(float(np.exp(middle))) <= 0 else (low, middle)
    return float(np.exp(-(low + high) / 2))


def at_end(temperature: float) -> bool:
    """Whether the loss would have fallen further beyond what `fit` looks at."""
    return not 1.01 / FARTHEST < temperature < FARTHEST / 1.01


def _slope(logits: Array, targets: Array, link: Link) -> Callable[[float], float]:
    """Slope of the mean loss by 1 / temperature."""
    if link == "sigmoid":
        return lambda inverse: float(((sigmoid(inverse * logits) - targets) * logits).mean())
    true = logits[np.arange(len(logits)), targets].mean()
    return lambda inverse: float((softmax(inverse * logits) * logits).sum(axis=1).mean() - true)


def crossed(logits: Array, targets: Array, link: Link, folds: NDArray[np.int64]) -> NDArray[np.float64]:
    """The temperature of each item, shape (M,): that of the items of all other folds."""
    found = np.ones(len(logits))
    for fold in np.unique(folds):
        others = folds != fold
        if others.any():
            found[~others] = fit(logits[others], targets[others], link)
    return found


def losses(logits: Array, targets: Array, link: Link, temperature: float | Array = 1.0) -> NDArray[np.float64]:
    """Log loss of each item, shape (M,), at one temperature or at one of each item."""
    scale = np.reshape(temperature, (-1, 1))
    return row_losses(np.asarray(logits, dtype=np.float64) / scale, targets, link)


__all__ = ["FARTHEST", "at_end", "crossed", "fit", "losses"]
