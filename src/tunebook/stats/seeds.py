"""Gains that are not means over rows: metrics of all rows at once, and costs of whole runs.

Macro-F1, AUC, Spearman or BLEU have no score of a single row, so rows are drawn again, with all seeds of both arms on
the same draws (the Multi-Bootstrap's paired form). From the draws come the same three mean squares as in `gate`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from tunebook.core.errors import DataError
from tunebook.stats.bootstrap import draw_rows
from tunebook.stats.gate import Effect, MeanSquares, check_alpha, check_size, finite

Array = NDArray[Any]
Score = Callable[[int, int, Array], float]  # arm (0 is A, 1 is B), seed (0 .. K-1), row numbers (N,)


@dataclass(frozen=True)
class Blocks:
    """A score that takes many draws at once, for speed.

    Attributes:
        score: (arm, seed, row numbers (b, N)) -> scores (b,).
    """

    score: Callable[[int, int, Array], Array]


def multi_bootstrap(
    score: Score | Blocks,
    seeds: int,
    rows: int | Array,
    *,
    alpha: float = 0.05,
    resamples: int = 2000,
    seed: int = 0,
) -> Effect:
    """The gain of B over A in any metric, seeds and rows both being random.

    Rows are drawn `resamples` times and every seed of both arms is scored on each draw; draws on which a score is NaN
    are left out. The seeds' share of the variance comes from the K gains themselves. The paper draws K seeds out of K
    as well and reads off percentiles; with few seeds that is too short where seeds differ much (it lacks K / (K - 1)
    and Student's t; benchmark GATE). For a mean over rows this is `two_way`.

    Args:
        score: see `Score`; called 2 K (resamples + 1) times.
        seeds: their number K.
        rows: their number N; or the group of each row, shape (N,), where whole groups are to be drawn.
        alpha: error of each end.
        seed: start of the draws; the same seed gives the same interval.

    Source: Sellam et al., The MultiBERTs, arXiv 2106.16163, section 3 (paired); Owen, The pigeonhole bootstrap, 2007.

    Raises:
        PlanError: fewer than two seeds, or an alpha outside 0 .. 0.5.
        DataError: fewer than two rows or groups; a score that is NaN on all rows or on nearly all draws.
    """
    count, groups = (rows, 0) if isinstance(rows, int) else (len(rows), len(np.unique(rows)))
    check_size(seeds, count)
    check_alpha(alpha)
    gains, drawn = drawn_gains(score, seeds, rows, resamples=resamples, seed=seed)
    return effect_of_draws(gains, drawn, count, alpha, groups)


def effect_of_draws(gains: Array, drawn: Array, rows: int, alpha: float, groups: int = 0) -> Effect:
    """The interval of `multi_bootstrap` from what `drawn_gains` gives."""
    squares = _mean_squares(gains, drawn, groups or rows)
    se, df = squares.error(alpha)
    mean, half, sd = float(gains.mean()), float(squares.half_width(alpha)), float(gains.std(ddof=1))
    return Effect(mean, mean - half, mean + half, float(se), float(df), len(gains), rows, sd, groups)


def drawn_gains(
    score: Score | Blocks, seeds: int, rows: int | Array, *, resamples: int = 2000, seed: int = 0
) -> tuple[Array, Array]:
    """Gain of each seed on all rows (K,), and on rows, or groups, drawn with replacement (draws, K).

    Raises:
        DataError: fewer than two groups; a score is NaN on all rows, or on nearly all draws.
    """
    rng = np.random.default_rng(seed)
    every = np.arange(rows if isinstance(rows, int) else len(rows))
    gains = finite(_gains(score, seeds, every[None])[0], dims=1)
    blocks = draw_rows(rows, resamples, rng) if isinstance(rows, int) else _draw_groups(rows, resamples, rng)
    drawn = np.concatenate([_gains(score, seeds, block) for block in blocks])
    known = drawn[~np.isnan(drawn).any(1)]
    if len(known) < max(2, resamples // 10):
        raise DataError("stats.nan", key="scores", value=resamples - len(known))
    return gains, known


def _draw_groups(groups: Array, resamples: int, rng: np.random.Generator) -> Iterator[Array]:
    """Row numbers of so many groups as there are, drawn with replacement; each draw has its own number of rows."""
    _, code, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(sizes) < 2:
        raise DataError("stats.few_groups", key="groups", value=len(sizes), allowed=">= 2")
    members = np.split(np.argsort(code, kind="stable"), np.cumsum(sizes)[:-1])
    for block in draw_rows(len(members), resamples, rng):
        for drawn in block:
            yield np.concatenate([members[group] for group in drawn])[None]


def _gains(score: Score | Blocks, seeds: int, block: Array) -> Array:
    """B - A of each seed (b, K) on row numbers (b, N)."""

    def scores(arm: int, seed: int) -> Array:
        if isinstance(score, Blocks):
            return np.asarray(score.score(arm, seed, block), dtype=np.float64)
        return np.array([score(arm, seed, rows) for rows in block], dtype=np.float64)

    return np.stack([scores(1, seed) - scores(0, seed) for seed in range(seeds)], axis=1)


def _mean_squares(gains: Array, drawn: Array, n: int) -> MeanSquares:
    """The mean squares that would give these variances of the mean gain if it were a mean over rows."""
    k = len(gains)
    together = drawn.mean(1)
    apart = drawn - together[:, None]
    fully = n * n / (n - 1)  # drawing n of n rows shows (n - 1) / n of their variance
    return MeanSquares(
        seeds=n * gains.var(ddof=1),
        rows=fully * k * together.var(),
        rest=fully * apart.var(0).sum() / (k - 1),
        k=k,
        n=n,
    )


def over_seeds(differences: ArrayLike, alpha: float = 0.05) -> Effect:
    """Paired t interval over seeds, of something that each run has one of: its time, memory, cost.

    Args:
        differences: B - A of each seed, shape (K,); for a ratio, the difference of the logarithms.
        alpha: error of each end.

    Raises:
        PlanError: fewer than two seeds, or an alpha outside 0 .. 0.5.
        DataError: differences that are not numbers.
    """
    values = finite(differences, dims=1)
    check_size(len(values), 2)
    check_alpha(alpha)
    k, sd = len(values), float(values.std(ddof=1))
    mean, se = float(values.mean()), sd / math.sqrt(k)
    half = float(stdtrit(k - 1, 1 - alpha)) * se
    return Effect(mean, mean - half, mean + half, se, float(k - 1), k, 0, sd)


__all__ = ["Blocks", "Score", "drawn_gains", "effect_of_draws", "multi_bootstrap", "over_seeds"]
