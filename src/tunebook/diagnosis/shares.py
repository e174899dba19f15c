"""How wrong rows are on average, with the interval, and how much worse some are than others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.stats.bootstrap import Units
from tunebook.stats.influence import mean_interval
from tunebook.stats.proportion import right_interval

Array = NDArray[Any]


def share_of(mass: Array, units: Units, rows: Array | None = None) -> Interval | None:
    """The mean of what lies between 0 and 1, shape (N,), over all rows or some of them (a mask, or numbers); None where
    there are none. Wilson's interval where all is 0 or 1."""
    if rows is not None:
        codes = None if units.codes is None else units.codes[rows]
        mass = mass[rows]
        units = Units.of(len(mass), codes)
    if not len(mass):
        return None
    if np.isin(mass, (0, 1)).all():
        return right_interval(mass, units)
    found = mean_interval(mass, units)
    return Interval(value=found.value, low=max(found.low, 0.0), high=min(found.high, 1.0))


def apart(first: Interval, second: Interval) -> Interval:
    """How much larger the first of two shares of different rows is, with the interval that follows from theirs.

    Source: Newcombe, Interval estimation for the difference between independent proportions, 1998, method 10.
    """
    value = first.value - second.value
    below = np.hypot(first.value - first.low, second.high - second.value)
    above = np.hypot(first.high - first.value, second.value - second.low)
    return Interval(value=value, low=max(value - below, -1.0), high=min(value + above, 1.0))


def within(found: Interval) -> Interval:
    """An interval of a share, cut at 0 and 1."""
    value, low, high = (float(np.clip(end, 0.0, 1.0)) for end in (found.value, found.low, found.high))
    return Interval(value=value, low=low, high=high)


def scaled(found: Interval, by: float) -> Interval:
    """An interval times a number."""
    return Interval(value=found.value * by, low=found.low * by, high=found.high * by)


__all__ = ["apart", "scaled", "share_of", "within"]
