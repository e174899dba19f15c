"""Degrees of freedom of a mean whose variance comes from few seeds and many rows.

Satterthwaite's formula takes the seen mean square of the seeds for the true one. Where it is small by chance it stands
both for a small variance and for many degrees of freedom, and the interval is too short. Weighing it more, inside the
degrees of freedom only, mends that; how much more is solved for here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.polynomial import Chebyshev
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainccinv, gammaincinv, gammaln, ndtr, stdtrit

Array = NDArray[Any]

_NODES, _DEGREE = 160, 16
_TAIL = 1e-12  # probability that is left out at each end
_EXCESS = 1e-4  # share of alpha by which the error of an end may miss it
_SHARES = 1 - np.geomspace(1e-5, 0.99, 64)  # of the variance that is the seeds'; the hardest ones are close to 1


@dataclass(frozen=True)
class Seen:
    """The law of what K seeds show of their variance, as a share of the true one: chi-square / (K - 1).

    Attributes:
        shares, weights: places and weights of a sum that stands for the mean over that law (in the logarithm, where the
            trapezium rule is all but exact).
    """

    shares: Array
    weights: Array

    @staticmethod
    @cache
    def by(seeds: int) -> Seen:
        """By so many seeds, at least 2."""
        half = (seeds - 1) / 2
        low, high = np.log(gammaincinv(half, _TAIL)), np.log(gammainccinv(half, _TAIL))
        logs, step = np.linspace(low, high, _NODES, retstep=True)
        at = np.exp(logs)
        return Seen(at / half, step * np.exp(half * logs - at - gammaln(half)))


def above(seeds: int, alpha: float, share: ArrayLike, weight: float, gain: float = 0.0) -> Array:
    """Probability that the lower end of the interval is above 0, where there are very many rows.

    Args:
        alpha: what the end should err with.
        share: part of the mean's variance that is the seeds', 0 .. 1, any shape; the rows' part is known.
        weight: of the seeds' mean square in the degrees of freedom.
        gain: the true mean, in standard errors.
    """
    seen, quantile = Seen.by(seeds), _log_quantile(seeds, alpha)
    of_rows = 1.0 - np.asarray(share, dtype=np.float64)[..., None]
    of_seeds = (1.0 - of_rows) * seen.shares
    part = weight * of_seeds / (weight * of_seeds + of_rows)
    half = np.exp(quantile(part**2 / (seeds - 1))) * np.sqrt(of_seeds + of_rows)
    found: Array = ndtr(gain - half) @ seen.weights
    return found


@cache
def _log_quantile(seeds: int, alpha: float) -> Callable[[Array], Array]:
    """Logarithm of Student's t quantile as a polynomial in 1 / df, from K - 1 degrees of freedom on."""
    return Chebyshev.interpolate(lambda x: np.log(stdtrit(1 / x, 1 - alpha)), _DEGREE, domain=[1e-9, 1 / (seeds - 1)])


@cache
def seed_weight(seeds: int, alpha: float) -> float:
    """The least weight, at least 1, with which no end errs more often than alpha, whatever the seeds' share.

    It is 3.0, 1.8 and 1.3 for 3, 5 and 10 seeds at alpha 0.05, and more for a smaller alpha.
    """
    from scipy.optimize import brentq

    def over(weight: float) -> float:
        return float(above(seeds, alpha, _SHARES, weight).max()) / alpha - 1 - _EXCESS

    if over(1.0) <= 0:
        return 1.0
    top = 2.0
    while over(top) > 0:
        top *= 2
    return float(brentq(over, top / 2, top, xtol=1e-4))


__all__ = ["Seen", "above", "seed_weight"]
