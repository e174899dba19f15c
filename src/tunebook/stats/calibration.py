"""Probabilities from logits, how far they can be believed, and the interval of that."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.links import log_softmax, sigmoid, softmax
from tunebook.core.metric import Drawn
from tunebook.core.nouns import Interval
from tunebook.stats.bootstrap import Units
from tunebook.stats.proportion import effective_rows, right_interval

Array = NDArray[Any]
BINS = 15
_DRAWS, _HALVINGS, _FARTHEST = 1000, 14, 8.0


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


@dataclass(frozen=True)
class Gaps:
    """What is known of the bins that hold answers.

    Attributes:
        weight: share of the answers, shape (B,).
        confidence, gap: mean probability, and share of right answers less that, shape (B,).
        rows: of each bin, as far as they tell as much as rows drawn one by one, shape (B,).
        normals: standard normal draws, correlated as the bins are, shape (draws, B).
        share: standard normal draws of how the answers are shared out over the bins, shape (draws,).
        sample: rows that the bins hold together, as `rows` counts them.
    """

    weight: Array
    confidence: Array
    gap: Array
    rows: Array
    normals: Array
    share: Array
    sample: float

    @staticmethod
    def of(confidence: Array, right: Array, units: Units, bins: int = BINS, seed: int = 0) -> Gaps:
        """Of answers with a probability (N,) and whether each is right (N,)."""
        place = np.unique(bin_places(confidence, bins), return_inverse=True)[1]
        held = np.bincount(place).astype(float)
        mean, hits = (np.bincount(place, weights=np.asarray(part, float)) / held for part in (confidence, right))
        inside = np.eye(len(held))[place]
        rng = np.random.default_rng(seed)
        normals = rng.standard_normal((_DRAWS, len(held)))
        rows = held
        if units.codes is not None:
            in_units = units.sums(inside)
            rows = effective_rows(units.sums(inside * np.asarray(right, float)[:, None]), in_units)
            moved = (inside * (np.asarray(right, float) - hits[place])[:, None]) / held
            normals = normals @ _root(units.scatter(moved)).T
        return Gaps(held / len(place), mean, hits - mean, rows, normals, rng.standard_normal(_DRAWS), rows.sum())

    def drawn(self, scale: float) -> Array:
        """Calibration errors (draws,) that samples would show if the true gaps were `scale` times those seen."""
        gap = scale * self.gap
        right = np.clip(self.confidence + gap, 0.0, 1.0)
        noise = np.sqrt(right * (1 - right) / self.rows)
        far = np.abs(gap)
        shared = np.sqrt(max(float(self.weight @ far**2 - (self.weight @ far) ** 2), 0.0) / self.sample)
        return np.asarray(np.abs(gap + noise * self.normals) @ self.weight + shared * self.share)


def calibration_interval(confidence: Array, right: Array, units: Units, level: float = 0.95) -> Interval | None:
    """Interval of the expected calibration error over 15 bins of equal width; None where a confidence is no number.

    The gaps between confidence and share of right answers are taken to be those seen times a factor. The lower end is
    the factor with which a sample would show more than the error seen in (1 - level) / 2 of the draws, so that of a
    calibrated model is 0; the upper one that with which it would show less, and no less than the error seen or than
    mean confidence and share of right answers may be apart. What chance adds is in the error seen, not in the lower
    end: with few rows the true error lies in the lower part of the interval.
    Source: the test of calibration by resampled answers is that of Bröcker and Smith, Increasing the reliability of
    reliability diagrams, 2007; here it is inverted.

    Args:
        confidence, right: of each answer, shape (N,).
        units: what the answers were drawn of.
    """
    if np.isnan(confidence).any():
        return None
    gaps = Gaps.of(confidence, right, units)
    seen = float(gaps.weight @ np.abs(gaps.gap))
    low, high = (seen * _factor(gaps, seen, share) for share in ((1 + level) / 2, (1 - level) / 2))
    share = right_interval(right, units, level)
    mean = float(confidence.mean())
    high = max(high, seen, mean - share.low, share.high - mean)  # the error is no less than these two are apart
    return Interval(value=seen, low=min(low, seen), high=min(high, 1.0))


def _factor(gaps: Gaps, seen: float, share: float) -> float:
    """The factor with which this share of the samples would show less than the error seen; 0 where none does."""
    low, high = 0.0, _FARTHEST
    if np.quantile(gaps.drawn(0.0), share) >= seen:
        return 0.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if np.quantile(gaps.drawn(middle), share) < seen else (low, middle)
    return (low + high) / 2


def _root(covariance: Array) -> Array:
    """The symmetric root of the correlations of a covariance matrix (B, B); bins without variance are by themselves."""
    deviation = np.sqrt(np.diagonal(covariance))
    known = deviation > 0
    correlation = np.eye(len(deviation))
    correlation[np.ix_(known, known)] = covariance[np.ix_(known, known)] / np.outer(deviation[known], deviation[known])
    values, vectors = np.linalg.eigh(correlation)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return np.asarray(root / np.linalg.norm(root, axis=1, keepdims=True))


__all__ = [
    "BINS",
    "Bin",
    "Calibration",
    "Gaps",
    "bin_places",
    "calibration_error",
    "calibration_interval",
    "log_softmax",
    "reliability",
    "sigmoid",
    "softmax",
]
