"""Looking at a test more than once: what error each look may spend so that all of them together keep alpha."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from tunebook.core.errors import PlanError
from tunebook.stats.gate import check_alpha

_NODES = 200
_FAR = 9.0  # standard deviations below which nothing is left


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


def crossing(bound: float, fractions: tuple[float, ...]) -> float:
    """Probability that a standardised random walk lies above `bound` at one look at least."""
    times = np.asarray(fractions) / fractions[-1]
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    places, mass = np.zeros(1), np.ones(1)  # where the walk may be, and how probably, before any look
    before = 0.0
    for time in times:
        scale = np.sqrt(time - before)
        top, bottom = bound * np.sqrt(time), -_FAR * np.sqrt(time)
        next_places = bottom + (top - bottom) * (nodes + 1) / 2
        density = np.exp(-(((next_places[:, None] - places) / scale) ** 2) / 2) / (scale * np.sqrt(2 * np.pi))
        mass = density @ mass * weights * (top - bottom) / 2
        places, before = next_places, time
    return float(1 - mass.sum())


__all__ = ["crossing", "spent"]
