"""Looking at a test more than once: what error each look may spend so that all of them together keep alpha."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from tunebook.core.errors import PlanError
from tunebook.stats.gate import check_alpha

_NODES = 120
_FAR = 9.0  # standard deviations below which nothing is left
_LEAST = 0.01  # share of alpha; a look with less of it could hardly decide
_ROUNDING = 1e-6  # share of alpha


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


__all__ = ["crossing", "remaining", "spent", "together"]
