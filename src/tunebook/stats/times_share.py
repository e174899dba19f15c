"""A mean over some of the rows, told of all rows, the others of which count nothing."""

from __future__ import annotations

import math

import numpy as np

from tunebook.core.nouns import Interval
from tunebook.stats.bootstrap import normal_quantile
from tunebook.stats.proportion import wilson_ends


def times_share(net: Interval, share: float, rows: float, level: float = 0.95) -> Interval:
    """A mean from -1 to 1 times the share of the rows that it is of, both found on samples.

    Args:
        rows: drawn one by one, that tell as much of the share as those that it was found on.

    Source: Zou and Donner, Construction of confidence limits about effect measures: a general approach, 2008: how far
    the ends of each factor are from its value, in quadrature.
    """
    ends = wilson_ends(np.array(share), np.array(rows), normal_quantile(level))
    down, up = share - float(ends[0]), float(ends[1]) - share
    if net.value < 0:
        down, up = up, down
    value = net.value * share
    low = value - math.hypot(share * (net.value - net.low), net.value * down)
    high = value + math.hypot(share * (net.high - net.value), net.value * up)
    return Interval(value=value, low=max(low, -1.0), high=min(high, 1.0))


__all__ = ["times_share"]
