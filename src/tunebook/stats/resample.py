"""The two halves of every bootstrap: drawing resamples, and reading the ends of an interval off their scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from tunebook.core.nouns import Interval

Array = NDArray[Any]
Method = Literal["bca", "percentile"]

# Numbers held at once while resamples are scored: 2 MB of float64, which stay in the cache.
_BLOCK = 250_000


def blocks(resamples: int, width: int) -> Iterator[int]:
    """Sizes of the blocks in which `resamples` rows of `width` numbers are worked off."""
    size = max(1, _BLOCK // max(width, 1))
    for start in range(0, resamples, size):
        yield min(size, resamples - start)


def draw_rows(n: int, resamples: int, rng: np.random.Generator) -> Iterator[Array]:
    """Row numbers of resamples with replacement, in blocks of shape (b, n)."""
    for block in blocks(resamples, n):
        yield rng.integers(n, size=(block, n))


def draw_weights(n: int, resamples: int, rng: np.random.Generator) -> Iterator[Array]:
    """How often each row stands in a resample, in blocks of shape (b, n); every line adds up to n."""
    for rows in draw_rows(n, resamples, rng):
        block = len(rows)
        flat = (rows + n * np.arange(block)[:, None]).ravel()
        yield np.bincount(flat, minlength=block * n).reshape(block, n).astype(np.float64)


def percentile_ends(value: float, scores: Array, level: float) -> Interval:
    """The middle `level` of the resamples' scores; resamples that have no score (NaN) are left out."""
    return _ends(value, scores, np.array([(1 - level) / 2, (1 + level) / 2]))


def bca_ends(value: float, scores: Array, level: float, acceleration: float) -> Interval:
    """Bias-corrected and accelerated ends: second-order right, also where the score is skewed.

    Source: Efron, Better bootstrap confidence intervals, 1987.
    """
    known = scores[~np.isnan(scores)]
    below = (np.count_nonzero(known < value) + np.count_nonzero(known == value) / 2) / max(len(known), 1)
    if not 0 < below < 1:
        return percentile_ends(value, scores, level)
    bias = ndtri(below)
    shift = bias + ndtri(np.array([(1 - level) / 2, (1 + level) / 2]))
    scale = 1 - acceleration * shift
    if (scale <= 0).any():
        return percentile_ends(value, scores, level)
    return _ends(value, scores, ndtr(bias + shift / scale))


def acceleration_of(jackknife: Array, weights: Array | None = None) -> float:
    """Skewness term of the scores with one row left out; `weights` say how many rows share each of them."""
    weights = np.ones(len(jackknife)) if weights is None else weights
    if np.isnan(jackknife).any():
        return 0.0
    off = np.average(jackknife, weights=weights) - jackknife
    below = 6 * float((weights * off**2).sum()) ** 1.5
    return float((weights * off**3).sum()) / below if below > 0 else 0.0


def _ends(value: float, scores: Array, shares: Array) -> Interval:
    known = scores[~np.isnan(scores)]
    if not len(known) or np.isnan(value):
        return Interval(value=value, low=float("nan"), high=float("nan"))
    low, high = np.quantile(known, shares)
    return Interval(value=value, low=float(low), high=float(high))


__all__ = [
    "Method",
    "acceleration_of",
    "bca_ends",
    "blocks",
    "draw_rows",
    "draw_weights",
    "percentile_ends",
]
