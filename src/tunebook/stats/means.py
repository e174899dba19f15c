"""Intervals of errors and correlations of numbers, from what each row moves them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.stats.ranking import pearson, spearman, tie_starts
from tunebook.stats.units import Units

Array = NDArray[Any]


def mean_interval(values: Array, units: Units, level: float = 0.95) -> Interval:
    """Interval of the mean of values (N,), such as squared errors, whose distribution is skewed.

    Student's t over units, with the skewness taken out by Hall's transformation.
    Source: Hall, On the removal of skewness by transformation, 1992.
    """
    value = float(values.mean())
    moved = units.sums(values - value) / len(values)
    error = np.sqrt(float((moved**2).sum()) * units.count / max(units.count - 1, 1))
    if not error > 0:
        return Interval(value=value, low=value, high=value)
    skewness = float((moved**3).sum() / (moved**2).sum() ** 1.5)
    quantile = units.quantile(level)
    below, above = (error * _unskewed(end, skewness) for end in (quantile, -quantile))
    return Interval(value=value, low=value - below, high=value - above)


def _unskewed(quantile: float, skewness: float) -> float:
    """What Hall's transformation of a t, t + s t^2 / 3 + s^2 t^3 / 27 + s / 6, takes to this quantile."""
    if abs(skewness) < 1e-6:
        return quantile
    return float(3 / skewness * (np.cbrt(1 + skewness * (quantile - skewness / 6)) - 1))


def pearson_interval(x: Array, y: Array, units: Units, level: float = 0.95) -> Interval:
    """Interval of the linear correlation of x and y (N,); NaN ends where one of them is constant."""
    value = float(pearson(x, y))
    if np.isnan(value):
        return Interval(value=value, low=value, high=value)
    one, other = _standard(x), _standard(y)
    return _fisher(value, _pearson_moves(one, other, value), units, level)


def spearman_interval(x: Array, y: Array, units: Units, level: float = 0.95) -> Interval:
    """Interval of the rank correlation of x and y (N,); NaN ends where one of them is constant.

    A row moves it as it moves the linear correlation of the ranks, and by shifting the ranks of the rows above it.
    """
    value = float(spearman(x, y))
    if np.isnan(value):
        return Interval(value=value, low=value, high=value)
    above_x, above_y = _ranked(x), _ranked(y)
    one, other = _standard(above_x(np.ones(len(x)))), _standard(above_y(np.ones(len(y))))
    spread_x, spread_y = (np.std(above(np.ones(len(x)))) for above in (above_x, above_y))
    shifted = above_x(other - value * one) / spread_x + above_y(one - value * other) / spread_y
    moved = _pearson_moves(one, other, value) - (shifted - shifted.mean()) / len(x)
    return _fisher(value, moved, units, level)


def _pearson_moves(x: Array, y: Array, value: float) -> Array:
    """By how much each row moves the correlation of standardised x and y, shape (N,)."""
    return np.asarray((x * y - value / 2 * (x**2 + y**2)) / len(x))


def _fisher(value: float, moved: Array, units: Units, level: float) -> Interval:
    """Symmetric on the scale of Fisher's z, where a correlation's variance hardly depends on its size.

    Source: Fisher, On the probable error of a coefficient of correlation, 1921, with the variance of what rows do.
    """
    room = max(1 - value**2, 1e-12)
    few = max(units.count - 1, 1) / max(units.count - 3, 1)  # Fisher's variance is 1 / (n - 3)
    half = units.quantile(level) * np.sqrt(few * float(units.scatter(moved))) / room
    middle = np.arctanh(np.clip(value, -1 + 1e-12, 1 - 1e-12))
    low, high = (float(np.tanh(middle + end)) for end in (-half, half))
    return Interval(value=value, low=min(low, value), high=max(high, value))


def _standard(values: Array) -> Array:
    off = values - values.mean()
    return np.asarray(off / np.sqrt((off**2).mean()))


def _ranked(values: Array) -> Callable[[Array], Array]:
    """A function from weights (N,) to their sum over the rows above each row, equal ones as one half, over N."""
    order = np.argsort(values, kind="stable")
    starts = tie_starts(values[order])
    sizes = np.diff(np.r_[starts, len(values)])

    def above(weights: Array) -> Array:
        of_group = np.add.reduceat(weights[order], starts)
        beyond = of_group.sum() - np.cumsum(of_group) + of_group / 2
        found = np.empty(len(values))
        found[order] = np.repeat(beyond, sizes)
        return found / len(values)

    return above


__all__ = ["mean_interval", "pearson_interval", "spearman_interval"]
