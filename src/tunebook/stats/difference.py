"""Interval of the difference of two models on the same rows, each row of one beside the same row of the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.stats.bootstrap import Units, bootstrap_interval
from tunebook.stats.influence import mean_interval
from tunebook.stats.proportion import PRIOR_ROWS

Array = NDArray[Any]
FEW = 6  # rows that differ: of fewer not even all in one direction are rarer than 1 in 20 by McNemar's exact test
_RESAMPLES = 500


def of_rows(change: Array, units: Units, share: bool) -> Interval:
    """Of a mean of rows: what each row gains, shape (N,).

    Of scores from 0 to 1 (`share`) a pseudo-row has changed beside the others: where no row, or a single one, differs,
    the rows do not say how often others would.
    """
    if not share:
        return mean_interval(change, units)
    value = float(change.mean())
    spread = float(units.scatter(change - value)) + PRIOR_ROWS * units.size
    half = units.quantile(0.95) * np.sqrt(spread) / len(change)
    return Interval(value=value, low=max(value - half, -1.0), high=min(value + half, 1.0))


def of_scores(gain: Callable[[Array], float], units: Units, differ: int) -> Interval:
    """Of any other score: the gain as a function of row numbers; no side is proven by fewer than six rows that differ.

    Args:
        differ: how many rows the two answer differently.
    """
    found = bootstrap_interval(gain, units, resamples=_RESAMPLES, method="percentile")
    if differ >= FEW:
        return found
    return Interval(value=found.value, low=min(found.low, 0.0), high=max(found.high, 0.0))


__all__ = ["FEW", "of_rows", "of_scores"]
