"""Interval of the AUC, of one class or of the mean over several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.stats.proportion import PRIOR_ERRORS, Parts
from tunebook.stats.ranking import tie_starts
from tunebook.stats.units import Units, normal_quantile, t_quantile

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


__all__ = ["ENOUGH", "Areas", "hanley_mcneil"]
