"""Looking at a test more than once: what error each look may spend so that all of them together keep alpha.

Also whether a test that cannot be told yet has any chance left to end well, and, of many tables against one champion,
how probable it is that one of them passes though all are equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, stdtr

from tunebook.core.errors import PlanError
from tunebook.stats.gate import Effect, check_alpha

_NODES = 120
_FAR = 9.0  # standard deviations below which nothing is left
_LEAST = 0.01  # share of alpha; a look with less of it could hardly decide
_ROUNDING = 1e-6  # share of alpha
_SHARED_NODES = 80


def spent(alpha: float, looks: int, fractions: tuple[float, ...] | None = None) -> float:
    """One-sided error of each look (Pocock: the same at each), so that all looks together err with probability alpha.

    A look is taken when so many seeds have ended, and the test stops at the first look that decides. The statistics of
    two looks are taken to correlate as sums of independent seeds do. The rows are the same at every look, which makes
    them more alike than that, so the error that is really spent is rather less.

    Args:
        alpha: one-sided error of the whole test.
        looks: how many are planned, at least 1.
        fractions: information at each look, rising, in any unit (numbers of seeds: 3, 5, 10); equal steps unless given.

    Source: Pocock, Biometrika 64, 1977; Armitage, McPherson and Rowe, JRSS A 132, 1969 (the recursion).

    Raises:
        PlanError: alpha is outside 0 .. 0.5, or the looks are none or do not rise.
    """
    check_alpha(alpha)
    given = tuple(range(1, looks + 1)) if fractions is None else fractions
    rising = all(0 < early < late for early, late in pairwise(given))
    if looks < 1 or len(given) != looks or not given[0] > 0 or not rising:
        raise PlanError(
            "stats.looks", key="looks", value=looks if fractions is None else fractions, allowed="1, 2, ..."
        )
    return _spent(alpha, tuple(float(part) for part in given))


@cache
def _spent(alpha: float, fractions: tuple[float, ...]) -> float:
    """Solve for the bound that all looks share; it lies between that of one look and Bonferroni's."""
    if len(fractions) == 1:
        return alpha
    low, high = -ndtri(alpha), -ndtri(alpha / len(fractions))
    bound = brentq(lambda bound: crossing(bound, fractions) - alpha, low, high, xtol=1e-10)
    return float(ndtr(-bound))


def remaining(alpha: float, places: tuple[int, ...], past: Mapping[int, float]) -> float:
    """One-sided error that each planned look may still spend, where others have been taken at the same pairs of runs.

    Looks of one test after another at growing numbers of the same seeds are looks of one test. The greatest error of
    each new look is found with which no look, past or new, errs with more than alpha in all. A look at as many seeds as
    a past one sees what that saw: the two count once, with the larger of their errors.

    Args:
        alpha: one-sided error of all looks together.
        places: numbers of seeds at which looks are planned, rising; those that may be wanted later are paid for too.
        past: number of seeds -> the error that was spent there.

    Returns:
        0 where what is left of alpha is less than a hundredth of it.

    Raises:
        PlanError: as `spent`.
    """
    if not past:
        return spent(alpha, len(places), places)
    check_alpha(alpha)
    return _remaining(alpha, places, tuple(sorted(past.items())))


@cache
def _remaining(alpha: float, places: tuple[int, ...], past: tuple[tuple[int, float], ...]) -> float:
    taken = dict(past)
    every = tuple(sorted({*places, *taken}))

    def over(each: float) -> float:
        errors = [max(taken.get(place, 0.0), each if place in places else 0.0) for place in every]
        return together(dict(zip(every, errors, strict=True))) / alpha - 1 - _ROUNDING

    if over(_LEAST * alpha) > 0:
        return 0.0
    return alpha if over(alpha) <= 0 else float(brentq(over, _LEAST * alpha, alpha, xtol=1e-9))


def together(looks: Mapping[int, float]) -> float:
    """Error of all looks together, from number of seeds -> error of that look; the seeds are nested."""
    places = tuple(sorted(looks))
    return crossing([-ndtri(looks[place]) for place in places], tuple(map(float, places)))


def crossing(bound: ArrayLike, fractions: tuple[float, ...]) -> float:
    """Probability that a standardised random walk lies above `bound`, one or one a look, at one look at least."""
    bounds = np.broadcast_to(np.asarray(bound, dtype=np.float64), len(fractions))
    times = np.asarray(fractions) / fractions[-1]
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    places, mass = np.zeros(1), np.ones(1)  # where the walk may be, and how probably, before any look
    before = 0.0
    for time, limit in zip(times, bounds, strict=True):
        scale = np.sqrt(time - before)
        top, bottom = limit * np.sqrt(time), -_FAR * np.sqrt(time)
        next_places = bottom + (top - bottom) * (nodes + 1) / 2
        density = np.exp(-(((next_places[:, None] - places) / scale) ** 2) / 2) / (scale * np.sqrt(2 * np.pi))
        mass = density @ mass * weights * (top - bottom) / 2
        places, before = next_places, time
    return float(1 - mass.sum())


def family_error(tables: int, alpha: float, proofs: Literal[1, 2] = 1) -> float:
    """Probability that at least one of so many tables passes that are all no better than the champion.

    All gains share the champion's own luck, so any two of them correlate by 1/2 (Dunnett's many-to-one comparisons, of
    arms that vary alike). Further proofs rest on other runs and rows: given the champion's luck in each, the tables
    pass independently. It is the worst case, of a delta of 0; one that is asked for makes it rarer.

    Args:
        tables: their number, at least 0.
        alpha: one-sided error of one proof.
        proofs: how many each table has to bring.

    Source: Dunnett, JASA 50, 1955.

    Raises:
        PlanError: `stats.alpha`.
    """
    check_alpha(alpha)
    nodes, weights = np.polynomial.hermite_e.hermegauss(_SHARED_NODES)
    weights = weights / weights.sum()
    passes = ndtr((ndtri(alpha) - np.sqrt(0.5) * nodes) / np.sqrt(0.5))  # of one table, given the champion's luck
    if proofs == 1:
        return float(1 - weights @ (1 - passes) ** tables)
    return float(1 - weights @ (1 - np.outer(passes, passes)) ** tables @ weights)


def chance_left(seen: Effect, end: int, alpha: float, least: Any) -> Any:
    """Probability that a test promotes at its planned end, if what is still to come goes well.

    More seeds do not change the rows, so the gain on these rows is known up to the seeds' own spread s. The seeds to
    come are taken to gain on average the larger of the least gain worth having and m + s / sqrt(k), one standard error
    above the mean m of the k seeds so far. The mean at the end then has to reach the least gain and to lie above 0 by
    the interval's half, with the normal quantile, which is the narrowest. Its spread is Student's with k - 1 degrees of
    freedom, for s is known from k seeds only. Stopping where this is small can only make promotions rarer.

    Args:
        seen: the gain so far, or, with arrays for numbers, those of many tests.
        end: number of seeds at the planned end, more than so far; alpha: one-sided error of the look there.
        least: least gain worth having, in the metric's units.

    Source: stochastic curtailment, Lan, Simon and Halperin, Sequential Analysis 1, 1982.
    """
    k, of_seed = seen.seeds, np.square(seen.seed_sd)
    guess = np.maximum(least, seen.mean + seen.seed_sd / np.sqrt(k))
    expected = (k * seen.mean + (end - k) * guess) / end
    of_rows = np.maximum(np.square(seen.se) - of_seed / k, 0)
    needed = np.maximum(least, -ndtri(alpha) * np.sqrt(of_rows + of_seed / end))
    spread = np.maximum(seen.seed_sd * np.sqrt(end - k) / end, np.finfo(float).tiny)
    return stdtr(k - 1, (expected - needed) / spread)


__all__ = ["chance_left", "crossing", "family_error", "remaining", "spent", "together"]
