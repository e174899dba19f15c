"""Interval of the calibration error, which is too high on average in any sample: chance alone parts two shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.stats.calibration import BINS, bin_places
from tunebook.stats.proportion import effective_rows, right_interval
from tunebook.stats.units import Units

Array = NDArray[Any]

_DRAWS, _HALVINGS, _FARTHEST = 1000, 14, 8.0


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


__all__ = ["Gaps", "calibration_interval"]
