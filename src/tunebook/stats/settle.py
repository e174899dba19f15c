"""What would settle an inconclusive test: more seeds, or more rows."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from numpy.typing import ArrayLike

from tunebook.stats.gate import MeanSquares, decide, finite, two_way

# How far to look; what needs more than this is not worth planning.
MOST_SEEDS, MOST_ROWS = 100, 1_000_000


@dataclass(frozen=True)
class Settle:
    """Numbers in all (not in addition) at which the test would be decided; None where it is beyond reach.

    Attributes:
        seeds: at the same rows, at most 100.
        rows: at the same seeds, at most a million.
    """

    seeds: int | None
    rows: int | None


def settle(difference: ArrayLike, delta: float, alpha: float = 0.05) -> Settle:
    """The fewest seeds, or rows, at which the interval around the mean seen would no longer be INCONCLUSIVE.

    With m the mean seen and h the half of the interval that the seen variances foretell at K seeds and N rows: where
    m >= delta, the first K (or N) with h < m, so that some gain would be proven; else the first with h < delta - m, so
    that the gain would be proven less than delta. It takes m for the true gain: the mean will move, so plan for more.
    A test that is decided already gives its own numbers.

    Args:
        difference: score of B - score of A, shape (K, N).
        delta, alpha: as in `decide` and `two_way`.

    Raises:
        PlanError, DataError: as in `decide` and `two_way`.
    """
    values = finite(difference, dims=2)
    effect = two_way(values, alpha)
    k, n, mean = effect.seeds, effect.rows, effect.mean
    if decide(mean, effect.lower, effect.upper, delta) != "INCONCLUSIVE":
        return Settle(k, n)
    half = mean if mean >= delta else delta - mean
    seen = MeanSquares.of(values)

    def narrow(seeds: int, rows: int) -> bool:
        return bool(_expected(seen, seeds, rows).half_width(alpha) < half)

    return Settle(
        seeds=_first(range(k + 1, MOST_SEEDS + 1), lambda seeds: narrow(seeds, n)),
        rows=_first(range(n + 1, MOST_ROWS + 1), lambda rows: narrow(k, rows)),
    )


def _expected(seen: MeanSquares, k: int, n: int) -> MeanSquares:
    """Mean squares of another number of seeds or rows, from the variance components seen."""
    of_seeds = max(float(seen.seeds - seen.rest), 0.0) / seen.n
    of_rows = max(float(seen.rows - seen.rest), 0.0) / seen.k
    return MeanSquares(seen.rest + n * of_seeds, seen.rest + k * of_rows, seen.rest, k, n)


def _first(numbers: range, enough: Callable[[int], bool]) -> int | None:
    """The first number from which on the interval is narrow enough."""
    place = bisect_left(numbers, True, key=enough)
    return numbers[place] if place < len(numbers) else None


__all__ = ["MOST_ROWS", "MOST_SEEDS", "Settle", "settle"]
