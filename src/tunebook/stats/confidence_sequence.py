"""Intervals that hold at every look at once: whoever looks after each value and stops when he likes is not misled."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from tunebook.stats.e_process import log_e, log_wealths, two_arms
from tunebook.stats.gate import check_alpha

Array = NDArray[np.float64]
_EDGE = 1e-9


def mean_bounds(values: ArrayLike, alpha: float = 0.05) -> tuple[float, float]:
    """Lower and upper end for the mean of values between 0 and 1, whatever they are else: all means that no bet has
    refuted.

    Args:
        values: in their order, shape (n,); none give 0 and 1.
        alpha: probability that the mean lies outside at any look; each end takes half of it.

    Source: the hedged betting sequence of Waudby-Smith and Ramdas, JRSS B 86, 2024, with a mixture of bets.

    Raises:
        PlanError: `stats.alpha`. DataError: `stats.bounds`.
    """
    y = np.asarray(values, dtype=np.float64)
    limit = _limit(alpha)
    low = _refuted(lambda null: log_e(log_wealths(y, 0.0, null)) - limit, 0.0, 1.0)
    high = _refuted(lambda null: log_e(log_wealths(1 - y, 0.0, null)) - limit, 0.0, 1.0)
    return low, 1 - high


def difference_bounds(
    values: ArrayLike, treated: ArrayLike, share: ArrayLike, alpha: float = 0.05
) -> tuple[float, float]:
    """Lower and upper end for the mean of arm B minus that of arm A, from units drawn for them in any order.

    Args:
        values, treated, share: as `two_arms` takes them; none give -1 and 1.
        alpha: as of `mean_bounds`.

    Raises:
        PlanError: `stats.alpha`. DataError: `stats.bounds`.
    """
    y, z = np.asarray(values, dtype=np.float64), np.asarray(treated, dtype=np.float64)
    limit = _limit(alpha)
    x, lowest = two_arms(y, z, share)
    low = _refuted(lambda null: log_e(log_wealths(x, lowest, null)) - limit, -1.0, 1.0)
    x, lowest = two_arms(1 - y, z, share)  # of what is left to 1, whose difference has the other sign
    high = _refuted(lambda null: log_e(log_wealths(x, lowest, null)) - limit, -1.0, 1.0)
    return low, -high


def _limit(alpha: float) -> float:
    check_alpha(alpha)
    return math.log(2 / alpha)


def _refuted(over: Callable[[float], float], bottom: float, top: float) -> float:
    """The largest mean that is refuted as too low; evidence against a mean falls as it rises."""
    first, last = bottom + _EDGE, top - _EDGE
    if over(first) <= 0:
        return bottom
    return top if over(last) > 0 else float(brentq(over, first, last, xtol=1e-7))


__all__ = ["difference_bounds", "mean_bounds"]
