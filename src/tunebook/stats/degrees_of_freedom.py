"""Degrees of freedom of a mean whose variance comes from few seeds and many rows, or from groups of unequal size.

Satterthwaite's formula takes the seen mean square of the seeds for the true one. Where it is small by chance it stands
both for a small variance and for many degrees of freedom, and the interval is too short. Weighing it more, inside the
degrees of freedom only, mends that; how much more is solved for here.

A group with many rows pulls the mean of all rows towards its own, so it strays less from that mean than it would from
the true one, and a spread that rests on one group has few degrees of freedom, however many small ones stand beside it.
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
FEWEST = 3.0  # effective groups; below it ends at 5 % err in up to 8 %
_POWER = 1.4  # of a group's rows, to which the variance of its sum is taken to be proportional


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


@dataclass(frozen=True)
class Sizes:
    """The numbers of rows of all groups, shape (G,)."""

    rows: Array

    @staticmethod
    def of(groups: Array) -> Sizes:
        """The sizes of groups, from the group of each row, shape (N,)."""
        return Sizes(np.unique(groups, return_counts=True)[1])

    @property
    def effective(self) -> float:
        """How many groups of the same size would say as much: (sum n)^2 / sum n^2."""
        return float(self.rows.sum() ** 2 / (self.rows.astype(float) ** 2).sum())

    def spread(self) -> tuple[float, float | None]:
        """By how much the mean square between groups is too small, as a factor, and its degrees of freedom.

        With T the groups' sums of deviations from the true mean, p = n / N and S the diagonal of their variances, what
        is seen is (I - p 1') T, of covariance C = (I - p 1') S (I - p 1')'. The sum of its squares is tr C on average,
        where it should be tr S, and has (tr C)^2 / tr C^2 degrees of freedom. S is n^1.4: between rows that have
        nothing in common (n) and those that are all alike (n^2), where simulated ends keep their error. Groups of one
        size are as good as rows: 1 and None, the usual degrees of freedom.

        Source: Bell and McCaffrey, Bias reduction in standard errors for linear regression with multi-stage samples,
            Survey Methodology 28, 2002, with one factor for all groups.
        """
        if self.rows.min() == self.rows.max():
            return 1.0, None
        n = self.rows.astype(float)
        p, s = n / n.sum(), n**_POWER
        total, pp, ps, ss = s.sum(), p @ p, p @ s, s @ s
        trace = total - 2 * ps + total * pp
        crossed = 2 * pp * ss + 2 * ps**2 - 4 * total * ps * pp + (total * pp) ** 2
        square = ss - 4 * p @ s**2 + 2 * total * p**2 @ s + crossed
        return float(total / trace) * (len(n) - 1) / len(n), float(trace**2 / square)


__all__ = ["FEWEST", "Seen", "Sizes", "above", "seed_weight"]
