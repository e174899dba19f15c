"""Intervals from what each row moves a score: of AUCs, of errors and correlations of numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.stats.bootstrap import Units, normal_quantile, t_quantile
from tunebook.stats.proportion import PRIOR_ERRORS, Parts
from tunebook.stats.ranking import pearson, spearman, tie_starts

Array = NDArray[Any]
# From so many rows of the rarer side on, the rows themselves say how far the AUC scatters.
ENOUGH = 30
_HALVINGS = 40


@dataclass(frozen=True)
class Areas:
    """AUC of C classes, each against the rest, on a sample.

    Attributes:
        values: shape (C,).
        positive, negative: rows of either side, shape (C,).
        covariance: of the AUCs, shape (C, C), with a variance above 0 for one that sees no error.
        spread: variance of each AUC against that of Hanley and McNeil's formula, shape (C,).
    """

    values: Array
    positive: Array
    negative: Array
    covariance: Array
    spread: Array

    @staticmethod
    def of(scores: Array, targets: Array, units: Units, level: float = 0.95) -> Areas:
        """Of scores (N, C) against targets (N, C) of 0 and 1; classes without either side are left out."""
        known = targets.any(0) & ~targets.all(0)
        scores, targets = scores[:, known], targets[:, known]
        found = [_placed(scores[:, c], targets[:, c]) for c in range(scores.shape[1])]
        values = np.array([value for value, _ in found])
        moved = np.stack([move for _, move in found], axis=1) if found else np.empty((len(scores), 0))
        positive, negative = targets.sum(0), (~targets).sum(0)
        covariance = units.scatter(moved)
        spread = _spread(np.diagonal(covariance), values, targets, units, level)
        rarer = np.minimum(positive, negative)
        never_flat = (values * rarer + 0.5) / (rarer + 1)
        smoothed = spread * hanley_mcneil(never_flat, positive, negative)
        np.fill_diagonal(covariance, np.maximum(np.diagonal(covariance), smoothed))
        return Areas(values, positive, negative, covariance, spread)

    def interval(self, level: float = 0.95) -> Interval | None:
        """Of the mean of the AUCs; None where no class has one.

        Each end solves (AUC - end)^2 = quantile^2 * variance(end), Newcombe's method 5; the mean over classes adds up
        as in `Parts`.
        """
        if not len(self.values):
            return None
        return Parts(self.values, self.covariance, self._ends).mean(normal_quantile(level))

    def _ends(self, quantile: Array) -> tuple[Array, Array]:
        return self._end(quantile, np.zeros_like(self.values)), self._end(quantile, np.ones_like(self.values))

    def _end(self, quantile: Array, far: Array) -> Array:
        """The value between the AUC and `far` whose distance is the quantile times its standard deviation."""
        near = self.values.copy()
        for _ in range(_HALVINGS):
            middle = (near + far) / 2
            variance = self.spread * hanley_mcneil(middle, self.positive, self.negative)
            inside = (self.values - middle) ** 2 <= quantile**2 * variance
            near, far = np.where(inside, middle, near), np.where(inside, far, middle)
        return (near + far) / 2


def hanley_mcneil(area: Array, positive: Array, negative: Array) -> Array:
    """Variance of an AUC of this size, with both numbers of rows averaged where Hanley and McNeil have one of them.

    Source: Hanley and McNeil, The meaning and use of the area under a ROC curve, 1982; Newcombe, Confidence intervals
    for an effect size measure based on the Mann-Whitney statistic, part 2, 2006, method 5.
    """
    more = (positive + negative) / 2 - 1
    pairs = 1 + more * ((1 - area) / (2 - area) + area / (1 + area))
    return np.asarray(area * (1 - area) * pairs / (positive * negative))


def _placed(scores: Array, positive: Array) -> tuple[float, Array]:
    """AUC, and by how much each row moves it, shape (N,); the sum of their squares is DeLong's variance.

    Source: DeLong, DeLong and Clarke-Pearson, Comparing the areas under two or more correlated ROC curves, 1988.
    """
    every, yes, no = _mean_ranks(scores), _mean_ranks(scores[positive]), _mean_ranks(scores[~positive])
    above = (every[positive] - yes) / len(no)  # share of the other side below each row, ties as one half
    below = 1 - (every[~positive] - no) / len(yes)
    area = float(above.mean())
    moved = np.empty(len(scores))
    for side, share in ((positive, above), (~positive, below)):
        moved[side] = (share - area) / np.sqrt(len(share) * max(len(share) - 1, 1))
    return area, moved


def _mean_ranks(values: Array) -> Array:
    """Ranks from 1 on, equal values sharing their mean rank; shape (N,)."""
    order = np.argsort(values, kind="stable")
    starts = tie_starts(values[order])
    ends = np.r_[starts[1:], len(values)]
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((starts + ends + 1) / 2, ends - starts)
    return ranks


def _spread(variance: Array, values: Array, targets: Array, units: Units, level: float) -> Array:
    """Variance of each AUC against Hanley and McNeil's, shape (C,), with Student's t for few groups.

    With few rows of one side, or hardly an error, the rows do not say it: rows by themselves are then taken to scatter
    as the formula has it, whole groups as if each were one row.
    """
    positive, negative = targets.sum(0), (~targets).sum(0)
    rarer = np.minimum(positive, negative)
    formula = hanley_mcneil(values, positive, negative)
    errors = values * (1 - values) * (positive + negative)
    ratio = np.divide(variance, formula, out=np.ones_like(formula), where=formula > 0)
    spread = (errors * ratio + PRIOR_ERRORS * units.size) / (errors + PRIOR_ERRORS)
    if units.codes is None:
        return np.where(rarer < ENOUGH, 1.0, spread)
    rare = targets == (positive <= negative)
    groups = [len(np.unique(units.codes[rare[:, c]])) for c in range(targets.shape[1])]
    few = np.array([t_quantile(count, level) for count in groups]) / normal_quantile(level)
    return np.asarray(np.maximum(spread, 1.0) * few**2)


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


__all__ = ["ENOUGH", "Areas", "hanley_mcneil", "mean_interval", "pearson_interval", "spearman_interval"]
