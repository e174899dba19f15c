"""What a sample was drawn of, single rows or groups of them, and intervals by drawing them again.

Every bootstrap has two halves: drawing resamples, and reading the ends of an interval off their scores. They say
nothing of other training seeds: two runs must not be compared by them.

What is chosen on some folds can be judged on the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval

FOLDS = 10
_STRIDE, _RANGE = 2654435761, 1 << 32  # 2^32 over the golden ratio: its multiples fall evenly and follow no period
Method = Literal["bca", "percentile"]
# Numbers held at once while resamples are scored: 2 MB of float64, which stay in the cache.
_BLOCK = 250_000
Array = NDArray[Any]
Score = Callable[[Array], float]
RESAMPLES = 2000


@dataclass(frozen=True)
class Units:
    """The units that were drawn at random.

    Attributes:
        rows: number of rows N.
        codes: number 0 .. G - 1 of each row's group, shape (N,); None where rows were drawn one by one.
    """

    rows: int
    codes: Array | None = None

    @staticmethod
    def of(rows: int, groups: Array | None) -> Units:
        """The units of rows with these groups, any integers; rows that share no group are drawn one by one."""
        if groups is None:
            return Units(rows)
        codes = np.unique(groups, return_inverse=True)[1]
        if len(codes) != rows:
            raise ValueError(f"{len(codes)} groups do not belong to {rows} rows")
        return Units(rows, codes if codes.max(initial=-1) + 1 < rows else None)

    @property
    def count(self) -> int:
        """How many units there are."""
        return self.rows if self.codes is None else int(self.codes.max()) + 1

    @property
    def size(self) -> float:
        """Rows a unit, as a row sees it: a large group counts for each of its rows."""
        return 1.0 if self.codes is None else float((np.bincount(self.codes) ** 2).sum() / self.rows)

    def sums(self, values: Array) -> Array:
        """Sums over each unit, (count, ...), of values (N, ...)."""
        if self.codes is None:
            return np.asarray(values, dtype=np.float64)
        found = np.zeros((self.count, *np.shape(values)[1:]))
        np.add.at(found, self.codes, values)
        return found

    def scatter(self, values: Array) -> Array:
        """Variance, or covariance matrix, of the sum of values (N,) or (N, C) that add up to about 0."""
        sums = self.sums(values)
        return np.asarray(sums.T @ sums * (self.count / max(self.count - 1, 1)))

    def quantile(self, level: float) -> float:
        """Of Student's t with a degree of freedom for each unit but one."""
        return t_quantile(self.count, level)


def t_quantile(units: float, level: float) -> float:
    """The two-sided quantile of Student's t; one unit is no sample and counts as two."""
    from scipy.special import stdtrit  # here, for tasks know these intervals and commands know tasks

    return float(stdtrit(max(units - 1, 1), (1 + level) / 2))


def normal_quantile(level: float) -> float:
    """The two-sided quantile of the normal distribution."""
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2))


def folds_of(rows: int, groups: NDArray[np.int64] | None = None, folds: int = FOLDS) -> NDArray[np.int64]:
    """The fold of each row, shape (rows,), numbered from 0: the same on every machine, for every table and seed.

    Folds are as large as each other but for one row. Rows of a group stay together: the largest group first, each to
    the fold that has fewest rows. With fewer rows or groups than folds there are fewer folds.

    Args:
        groups: the number 0 .. G - 1 of each row's group. A single group is shared out row by row.
    """
    if groups is None or groups.max(initial=0) == 0:
        order = np.argsort(np.arange(rows, dtype=np.uint64) * np.uint64(_STRIDE) % np.uint64(_RANGE), kind="stable")
        found = np.empty(rows, dtype=np.int64)
        found[order] = np.arange(rows) % folds
        return found
    sizes = np.bincount(groups)
    filled, place = np.zeros(min(folds, len(sizes)), dtype=np.int64), np.zeros(len(sizes), dtype=np.int64)
    for group in np.argsort(-sizes, kind="stable"):
        place[group] = filled.argmin()
        filled[place[group]] += sizes[group]
    return place[groups]


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
    from scipy.special import ndtr, ndtri

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


def bootstrap_interval(
    score: Score | Array,
    n: int | Units,
    *,
    resamples: int = RESAMPLES,
    level: float = 0.95,
    seed: int = 0,
    method: Method = "bca",
) -> Interval:
    """Interval of a score over n rows.

    Args:
        n: how many rows there are, or what they were drawn of: of groups, whole ones are drawn, and a resample has as
            many rows as they have.
        score: either one value for each row, shape (n,), whose mean is the score (fast); or a function from row
            numbers (n,), drawn with replacement, to the score (slow: called `resamples` times, and once more for each
            row or group for `bca`). Resamples on which it is NaN are left out.
        seed: start of the draws; the same seed gives the same interval.
        method: `bca` (bias-corrected and accelerated) or `percentile`.

    Raises:
        ValueError: no rows, or values that are not n.
    """
    units, rng = n if isinstance(n, Units) else Units(n), np.random.default_rng(seed)
    rows = units.rows
    if not callable(score):
        values = np.asarray(score, dtype=np.float64)
        if values.shape != (rows,) or rows < 1:
            raise ValueError(f"values of shape {values.shape} do not belong to {rows} rows")
        scores, left_out = _means(values, units, resamples, rng)
        value = float(values.mean())
        if method == "percentile":
            return percentile_ends(value, scores, level)
        return bca_ends(value, scores, level, acceleration_of(left_out))
    if rows < 1:
        raise ValueError("no rows to draw from")
    value = float(score(np.arange(rows)))
    scores = np.array([score(drawn) for drawn in draw_units(units, resamples, rng)], dtype=float)
    if method == "percentile" or units.count < 2:
        return percentile_ends(value, scores, level)
    own = np.arange(rows) if units.codes is None else units.codes
    left_out = np.array([score(np.flatnonzero(own != unit)) for unit in range(units.count)], dtype=float)
    return bca_ends(value, scores, level, acceleration_of(left_out))


def _means(values: Array, units: Units, resamples: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Means of the resamples, and numbers (units,) as skewed as the means without each unit."""
    if units.codes is None:
        rows = draw_rows(len(values), resamples, rng)
        # The mean of the others moves by a multiple of the row's own value, which cancels in the skewness.
        return np.concatenate([values[block].mean(axis=1) for block in rows]), -values
    sums, counts = units.sums(values), units.sums(np.ones(len(values)))
    drawn = draw_weights(units.count, resamples, rng)
    means = np.concatenate([weights @ sums / (weights @ counts) for weights in drawn])
    return means, (sums.sum() - sums) / np.maximum(counts.sum() - counts, 1)


def draw_units(units: Units, resamples: int, rng: np.random.Generator) -> Iterator[Array]:
    """Row numbers of each resample; of groups, whole ones are drawn."""
    members = [] if units.codes is None else _members(units.codes)
    for block in draw_rows(units.count, resamples, rng):
        for chosen in block:
            yield chosen if units.codes is None else np.concatenate([members[unit] for unit in chosen])


def _members(codes: Array) -> list[Array]:
    """Row numbers of each group."""
    return np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])


__all__ = [
    "FOLDS",
    "RESAMPLES",
    "Method",
    "Score",
    "Units",
    "acceleration_of",
    "bca_ends",
    "blocks",
    "bootstrap_interval",
    "draw_rows",
    "draw_units",
    "draw_weights",
    "folds_of",
    "normal_quantile",
    "percentile_ends",
    "t_quantile",
]
