"""The gate: is B better than A by enough, however the seeds and the rows had fallen?

Both arms are trained with the same K seeds and scored on the same N rows. The mean difference then moves with the
seeds and with the rows, so both are random effects of a two-way layout without repetition. What the columns
(rows of data) and the lines (seeds) do not explain is the rest. Where rows belong together in groups (of a user, a
document), whole groups are what could have been drawn otherwise, and they take the place of the rows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from tunebook.core.errors import DataError, PlanError
from tunebook.core.verdict import Decision
from tunebook.stats.degrees_of_freedom import FEWEST, Sizes, seed_weight

Array = NDArray[Any]


@dataclass(frozen=True)
class Effect:
    """What B is worth over A, in the metric's own units, with the ends of its interval.

    Attributes:
        mean: B - A over all seeds and rows.
        lower, upper: each end is wrong with probability alpha.
        se, df: standard error of the mean and its degrees of freedom.
        seeds, rows: how many there were of each; rows is 0 where the difference is not of rows (a cost).
        seed_sd: standard deviation over seeds of one seed's difference.
        groups: how many groups the rows belong to; 0 where each row stands for itself.
    """

    mean: float
    lower: float
    upper: float
    se: float
    df: float
    seeds: int
    rows: int
    seed_sd: float
    groups: int = 0


@dataclass(frozen=True)
class MeanSquares:
    """Mean squares of seeds x rows without repetition: numbers, or arrays of many layouts of the same size.

    Attributes:
        seeds, rows, rest: between the seeds' means, between the rows' means, and what neither explains.
        k, n: number of seeds and of rows.
        freedom: degrees of freedom of the rows' mean square; None for n - 1.
    """

    seeds: Any
    rows: Any
    rest: Any
    k: int
    n: int
    freedom: float | None = None

    @staticmethod
    def of(difference: Array) -> MeanSquares:
        """Mean squares of differences (..., K, N); K and N at least 2."""
        k, n = difference.shape[-2:]
        of_seeds = difference.mean(-1, keepdims=True)
        of_rows = difference.mean(-2, keepdims=True)
        rest = difference - of_rows
        rest -= of_seeds - of_rows.mean(-1, keepdims=True)
        return MeanSquares(
            seeds=n * of_seeds.var((-2, -1), ddof=1),
            rows=k * of_rows.var((-2, -1), ddof=1),
            rest=np.einsum("...kn,...kn->...", rest, rest) / ((k - 1) * (n - 1)),
            k=k,
            n=n,
        )

    @staticmethod
    def of_groups(difference: Array, groups: Array) -> MeanSquares:
        """Mean squares of seeds x groups, of differences (..., K, N) of rows; right for groups of any size.

        Raises:
            DataError: as `check_groups`.
        """
        sizes = Sizes.of(groups)
        check_groups(sizes)
        found, (factor, freedom) = MeanSquares.of(of_groups(difference, groups)), sizes.spread()
        return replace(found, rows=factor * found.rows, rest=factor * found.rest, freedom=freedom)

    def error(self, alpha: float) -> tuple[Any, Any]:
        """Standard error of the mean, and the degrees of freedom of an interval whose ends err with alpha.

        They are Satterthwaite's, at least K - 1 (or those of groups, if fewer), with the seeds' mean square weighed so
        that few seeds keep alpha.

        Source: the variance of the grand mean of a two-way random-effects model; Satterthwaite, 1946.
        """
        of_rows = np.maximum(self.rows - self.rest, 0.0)
        variance = np.maximum(self.seeds + of_rows, self.rows) / (self.k * self.n)
        of_seeds = seed_weight(self.k, alpha) * self.seeds
        freedom = self.n - 1 if self.freedom is None else self.freedom
        below = np.asarray(of_seeds**2 / (self.k - 1) + of_rows**2 / freedom)
        df = np.divide((of_seeds + of_rows) ** 2, below, out=np.zeros_like(below), where=below > 0)
        return np.sqrt(variance), np.maximum(df, min(self.k - 1, self.freedom or math.inf))

    def half_width(self, alpha: float) -> Any:
        """Half of the interval whose ends are each wrong with probability alpha."""
        se, df = self.error(alpha)
        return stdtrit(df, 1 - alpha) * se


def two_way(difference: ArrayLike, alpha: float = 0.05, groups: Array | None = None) -> Effect:
    """The gain of B over A with its interval, seeds and rows (or groups of them) both being random.

    Where nothing varies (both tables answer alike in every row) the interval has no width: it speaks of what was
    seen, not of rows that are rarer than one in N (which a look at a test adds).

    Args:
        difference: score of B - score of A, shape (K, N), K seeds and N rows. A run that diverged is in it with the
            scores of its last usable state, or 0.
        alpha: error of each end.
        groups: number of the group of each row, shape (N,); None where each row stands for itself.

    Raises:
        PlanError: fewer than two seeds (they prove nothing), or an alpha outside 0 .. 0.5. (Two seeds keep alpha too,
            with an interval that is several times as wide: they describe, and a gate takes three.)
        DataError: fewer than two rows, groups that are worth fewer than three of equal size, scores that are not
            numbers, or another shape.
    """
    values = finite(difference, dims=2)
    check_size(*values.shape)
    check_alpha(alpha)
    squares = MeanSquares.of(values) if groups is None else MeanSquares.of_groups(values, groups)
    se, df = squares.error(alpha)
    mean, half = float(values.mean()), float(squares.half_width(alpha))
    k, n = values.shape
    seed_sd = math.sqrt(squares.seeds / squares.n)
    count = 0 if groups is None else squares.n
    return Effect(mean, mean - half, mean + half, float(se), float(df), k, n, seed_sd, count)


def of_groups(difference: Array, groups: Array) -> Array:
    """Differences (..., K, N) of rows as values (..., K, G) of groups with the same mean of each seed.

    Groups may be of any size, so the mean is a ratio: of the sum of all rows to their number. With m the mean of a seed
    the value of a group is m + (G / N) sum of (D - m) over its rows, the part of the group in that ratio.

    Source: Taylor's series of a ratio of totals, as in Cochran, Sampling techniques, 1977, chapter 11.

    Raises:
        DataError: fewer than two groups.
    """
    _, code, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(sizes) < 2:
        raise DataError("stats.few_groups", key="groups", value=len(sizes), allowed=">= 2")
    firsts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    sums = np.add.reduceat(difference[..., np.argsort(code, kind="stable")], firsts, axis=-1)
    mean = difference.mean(-1, keepdims=True)
    values: Array = mean + (sums - sizes * mean) * (len(sizes) / difference.shape[-1])
    return values


def proven(lower: float, beyond: float, beyond_lower: float, beyond_upper: float) -> Decision:
    """What a gain proves, by its lower end and by what was gained beyond delta with both of its ends.

    STRONG: more than delta is proven. PROMOTE: some gain is proven, and delta was seen. REJECT: less than delta is
    proven. INCONCLUSIVE: none of these. At a true gain of exactly delta, PROMOTE is the toss of a coin at best.
    """
    if beyond_lower > 0:
        return "STRONG"
    if lower > 0 and beyond >= 0:
        return "PROMOTE"
    return "REJECT" if beyond_upper < 0 else "INCONCLUSIVE"


def finite(values: ArrayLike, dims: int) -> Array:
    """Values as float64 with so many dimensions, all of them numbers.

    Raises:
        DataError: another number of dimensions, NaN or infinite values.
    """
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != dims:
        allowed = "(seeds, rows)" if dims == 2 else "(seeds,)"
        raise DataError("stats.shape", key="shape", value=found.shape, allowed=allowed)
    missing = int(np.count_nonzero(~np.isfinite(found)))
    if missing:
        raise DataError("stats.nan", key="scores", value=missing)
    return found


def check_size(seeds: int, rows: int) -> None:
    """Refuse fewer than two seeds or two rows: their spread is unknown.

    Raises:
        PlanError: fewer than two seeds.
        DataError: fewer than two rows.
    """
    if seeds < 2:
        raise PlanError("stats.one_seed", key="seeds", value=seeds, allowed=">= 2")
    if rows < 2:
        raise DataError("stats.few_rows", key="rows", value=rows, allowed=">= 2")


def check_groups(sizes: Sizes, key: str = "groups") -> None:
    """Refuse groups whose spread is hardly known: one or two, or several of which one has nearly all rows.

    Raises:
        DataError: `stats.few_groups`.
    """
    if sizes.effective < FEWEST:
        raise DataError("stats.few_groups", key=key, value=f"{sizes.effective:.1f}", allowed=f">= {FEWEST:g}")


def check_alpha(alpha: float) -> None:
    """Refuse an error that is none.

    Raises:
        PlanError: alpha is not between 0 and 0.5.
    """
    if not 0 < alpha < 0.5:
        raise PlanError("stats.alpha", key="alpha", value=alpha, allowed="0 < alpha < 0.5")


__all__ = [
    "Effect",
    "MeanSquares",
    "check_alpha",
    "check_groups",
    "check_size",
    "finite",
    "of_groups",
    "proven",
    "two_way",
]
