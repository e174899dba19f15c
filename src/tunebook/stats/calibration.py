"""Probabilities from logits, and how far they can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.metric import Drawn

Array = NDArray[Any]

BINS = 15


@dataclass(frozen=True)
class Bin:
    """One bar of a reliability plot.

    Attributes:
        low, high: the bin holds probabilities in (low, high]; the first one also holds 0.
        count: answers in the bin.
        confidence: their mean probability; NaN in an empty bin.
        accuracy: share of them that are right (positive); NaN in an empty bin.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Calibration(Drawn):
    """The expected calibration error of answers, m of each row.

    Attributes:
        confidence: probability of each answer, shape (N, m).
        right: whether it is right, shape (N, m).
    """

    confidence: Array
    right: Array

    def whole(self) -> float:
        """The error of all answers; NaN where a probability is no number."""
        return calibration_error(self.confidence.ravel(), self.right.ravel())

    def at(self, rows: NDArray[np.int64]) -> float:
        """The error of the answers to some rows; 1 where not all probabilities are numbers."""
        if self._gaps is None:
            return 1.0
        place, gap = self._gaps
        sums = np.bincount(place[rows].ravel(), weights=gap[rows].ravel(), minlength=BINS)
        return float(np.abs(sums).sum() / (len(rows) * place.shape[1]))

    @cached_property
    def _gaps(self) -> tuple[Array, Array] | None:
        """Bin of each answer, and by how much its probability is above what is right; both (N, m)."""
        if not np.isfinite(self.confidence).all():
            return None
        place = np.ceil(self.confidence * BINS).astype(np.int64) - 1
        return np.clip(place, 0, BINS - 1), self.confidence - self.right


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


def reliability(confidence: Array, right: Array, bins: int = BINS) -> list[Bin]:
    """The bins of equal width behind the calibration error; `confidence` and `right` have shape (N,)."""
    edges, place = np.linspace(0.0, 1.0, bins + 1), bin_places(confidence, bins)
    count = np.bincount(place, minlength=bins)
    sums = [np.bincount(place, weights=np.asarray(part, float), minlength=bins) for part in (confidence, right)]
    means = [np.divide(part, count, out=np.full(bins, np.nan), where=count > 0) for part in sums]
    return [
        Bin(float(edges[i]), float(edges[i + 1]), int(count[i]), float(means[0][i]), float(means[1][i]))
        for i in range(bins)
    ]


def bin_places(confidence: Array, bins: int = BINS) -> NDArray[np.int64]:
    """The bin 0 .. bins - 1 of each probability, shape (N,)."""
    places = np.searchsorted(np.linspace(0.0, 1.0, bins + 1), confidence, side="left") - 1
    return np.asarray(np.clip(places, 0, bins - 1), dtype=np.int64)


def calibration_error(confidence: Array, right: Array, bins: int = BINS) -> float:
    """Expected calibration error: mean distance of confidence and accuracy over 15 bins of equal width.

    Bins are weighted by their answers; NaN where a confidence is not a number.
    Source: Guo et al., On calibration of modern neural networks, 2017.
    """
    if np.isnan(confidence).any():
        return float("nan")
    table = [row for row in reliability(confidence, right, bins) if row.count]
    return sum(row.count * abs(row.accuracy - row.confidence) for row in table) / len(confidence)


__all__ = [
    "BINS",
    "Bin",
    "Calibration",
    "bin_places",
    "calibration_error",
    "log_softmax",
    "reliability",
    "sigmoid",
    "softmax",
]
