"""From the outputs of a head to probabilities and levels, in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def log_softmax(logits: Array) -> Array:
    """Logarithm of the softmax over the last axis, in float64; NaN where a logit is not finite."""
    values = np.asarray(logits, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        values = values - values.max(axis=-1, keepdims=True)
        return np.asarray(values - np.log(np.exp(values).sum(axis=-1, keepdims=True)))


def softmax(logits: Array) -> Array:
    """Probabilities over the last axis, in float64."""
    return np.asarray(np.exp(log_softmax(logits)))


def sigmoid(logits: Array) -> Array:
    """Probability of each output by itself, in float64; exact at both ends."""
    values = np.asarray(logits, dtype=np.float64)
    small = np.exp(-np.abs(values))
    return np.where(values >= 0, 1.0, small) / (1.0 + small)


def nearest_level(pred: Array, levels: int) -> NDArray[np.int64]:
    """The level 0 .. levels - 1 nearest to each prediction; halves go upwards."""
    return np.clip(np.floor(np.asarray(pred, dtype=np.float64) + 0.5), 0, levels - 1).astype(np.int64)


__all__ = ["log_softmax", "nearest_level", "sigmoid", "softmax"]
