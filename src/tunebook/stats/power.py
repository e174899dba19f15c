"""What a test of so many seeds can see, and what would settle an inconclusive one: more seeds, or more rows."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike, NDArray

from tunebook.stats.degrees_of_freedom import above, seed_weight
from tunebook.stats.gate import MeanSquares, finite, proven, two_way

# How far to look; what needs more than this is not worth planning.
MOST_SEEDS, MOST_ROWS = 100, 1_000_000
POWER = 0.8  # how often a gain must be found of which a test is said to see it


@dataclass(frozen=True)
class Needed:
    """Numbers in all (not in addition) at which the test would be decided; None where it is beyond reach.

    Attributes:
        seeds: at the same rows, at most 100.
        rows: at the same seeds, at most a million; of as many rows a group as now, where rows belong to groups.
        groups: those that so many rows belong to; 0 where each row stands for itself.
    """

    seeds: int | None
    rows: int | None
    groups: int = 0


def needed(
    gain: ArrayLike,
    beyond: ArrayLike,
    alpha: Callable[[int], float] = lambda seeds: 0.05,
    groups: NDArray[Any] | None = None,
) -> Needed:
    """The fewest seeds, or rows, at which the interval around the mean seen would no longer be INCONCLUSIVE.

    With m the mean seen and h the half of the interval that the seen variances foretell at K seeds and N rows: where
    the gain reaches what was asked for, the first K (or N) with h < m of the gain, so that some gain would be proven;
    else the first with h < -m of what was gained beyond that, so that the gain would be proven less. It takes m for the
    true gain: the mean will move, so plan for more. A test that is decided already gives its own numbers.

    Args:
        gain: score of B - score of A, shape (K, N).
        beyond: the same less what was asked for, shape (K, N).
        alpha: number of seeds -> the one-sided error that a look at them may still spend; 0 for none.
        groups: as in `two_way`.

    Raises:
        PlanError, DataError: as in `two_way`.
    """
    values = finite(gain, dims=2), finite(beyond, dims=2)
    k, n = values[0].shape
    some, over = (two_way(part, alpha(k), groups) for part in values)
    if proven(some.lower, over.mean, over.lower, over.upper) != "INCONCLUSIVE":
        return Needed(k, n, some.groups)
    half, deciding = (some.mean, values[0]) if over.mean >= 0 else (-over.mean, values[1])
    seen = MeanSquares.of(deciding) if groups is None else MeanSquares.of_groups(deciding, groups)

    def narrow(seeds: int, units: int) -> bool:
        error = alpha(seeds)
        return error > 0 and bool(expected(seen, seeds, units).half_width(error) < half)

    each = n / seen.n  # rows of a group
    seeds = _first(range(k + 1, MOST_SEEDS + 1), lambda seeds: narrow(seeds, seen.n))
    units = _first(range(seen.n + 1, int(MOST_ROWS / each) + 1), lambda units: narrow(k, units))
    rows = None if units is None else math.ceil(units * each)
    return Needed(seeds, rows, units or 0 if some.groups else 0)


def min_detectable(of_seeds: float, of_rows: float, seeds: int, alpha: float, power: float = POWER) -> float:
    """The true gain at which the lower end of the interval is above 0 with this probability: some gain is proven.

    Args:
        of_seeds: variance of one seed's gain on the rows at hand.
        of_rows: variance of the mean gain by the rows, which no seed lessens.
        seeds, alpha: of the look that decides.
    """
    from scipy.optimize import brentq

    variance = of_seeds / seeds + of_rows
    if variance <= 0:
        return 0.0
    share, weight = of_seeds / seeds / variance, seed_weight(seeds, alpha)
    gain = brentq(lambda gain: float(above(seeds, alpha, share, weight, gain)) - power, 0.0, 1e4)
    return float(gain) * math.sqrt(variance)


def expected(seen: MeanSquares, k: int, n: int) -> MeanSquares:
    """Mean squares of another number of seeds or rows, from the variance components seen."""
    of_seeds = max(float(seen.seeds - seen.rest), 0.0) / seen.n
    of_rows = max(float(seen.rows - seen.rest), 0.0) / seen.k
    return MeanSquares(seen.rest + n * of_seeds, seen.rest + k * of_rows, seen.rest, k, n)


def _first(numbers: range, enough: Callable[[int], bool]) -> int | None:
    """The first number from which on the interval is narrow enough."""
    place = bisect_left(numbers, True, key=enough)
    return numbers[place] if place < len(numbers) else None


__all__ = ["MOST_ROWS", "MOST_SEEDS", "POWER", "Needed", "expected", "min_detectable", "needed"]
