"""Intervals of scores of a whole confusion matrix: F1 of each class, of all decisions together and of the mean over
classes; Matthews correlation and quadratic kappa.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.stats import counts as by_count
from tunebook.stats.bootstrap import Units, normal_quantile
from tunebook.stats.counts import Counts
from tunebook.stats.proportion import PRIOR_ROWS, Parts, effective_rows, prior_shares, wilson_ends

Array = NDArray[Any]


@dataclass(frozen=True)
class F1:
    """F1 of C classes on a sample.

    F1 = 2J / (1 + J) where J = right / (true or predicted) is a plain share, of which Wilson's interval is known.

    Attributes:
        counts: of all rows, class arrays of shape (C,).
        effective: rows of a class, true or predicted, as far as they tell as much as rows drawn one by one; (C,).
        covariance: of the F1, shape (C, C), with a pseudo-row added so that a class without an error has one too.
        quantile: of the normal distribution, or of Student's t where rows were drawn one by one.
    """

    counts: Counts
    effective: Array
    covariance: Array
    quantile: float

    @staticmethod
    def of_confusion(confusion: Array, level: float = 0.95) -> F1:
        """Where each row has one label and was drawn by itself; confusion matrix (C, C)."""
        counts = by_count.counts_of_confusion(confusion)
        score, below, prior = _smoothed(counts)
        rows = int(counts.rows)
        covariance = _covariance(confusion + np.outer(prior, prior) * PRIOR_ROWS, score, below)
        return F1(counts, _either(counts).astype(float), covariance, Units(rows).quantile(level))

    @staticmethod
    def of_units(units: Units, each: Counts, level: float = 0.95) -> F1:
        """Where groups were drawn, or where rows have several labels or spans; counts of each unit, class arrays
        (units, C)."""
        counts = Counts(each.right.sum(0), each.true.sum(0), each.predicted.sum(0), each.rows.sum(0))
        score, below, prior = _smoothed(counts)
        found = units.count / max(units.count - 1, 1)
        moved = (2 * each.right - score * (each.true + each.predicted)) / below
        one = _covariance(np.diag(prior) * np.diag(prior), score, below)  # a class's right decisions ...
        missed = 2 * prior * (1 - prior) * score**2 / below**2  # ... and its wrong ones
        apart = (np.diag(one) + missed) * PRIOR_ROWS * units.size
        covariance = moved.T @ moved * found + np.diag(apart)
        either = _either(each)
        alone = units.codes is None and either.max(initial=0) <= 1  # a row then counts for a class once at most
        effective = either.sum(0) if alone else effective_rows(each.right, either, level)
        return F1(counts, effective, covariance, units.quantile(level) if alone else normal_quantile(level))

    def macro(self) -> Interval | None:
        """Of the mean over the classes that are true or predicted somewhere; None where none is.

        F1 is a little too low on average in few rows, and the more so in each class: what it lacks is added.
        """
        known = self.counts.present
        if not known.any():
            return None
        union = _either(self.counts)[known]
        share = (self.counts.right[known] + 0.5) / (union + 1)
        lacking = 2 * share * (1 - share) / ((self.effective[known] + 1) * (1 + share) ** 3)
        parts = Parts(
            by_count.f1(self.counts)[known],
            self.covariance[np.ix_(known, known)],
            lambda quantile: self._ends(known, quantile),
            float(lacking.mean()),
        )
        return parts.mean(self.quantile)

    def ends(self) -> tuple[Array, Array]:
        """Low and high end of each class, shape (C,); NaN for one that is neither true nor predicted anywhere."""
        known = self.counts.present
        found = np.full((2, len(known)), np.nan)
        found[:, known] = self._ends(known, np.asarray(self.quantile))
        return found[0], found[1]

    def _ends(self, known: Array, quantile: Array) -> tuple[Array, Array]:
        share = by_count.share(self.counts.right, _either(self.counts))[known]
        low, high = wilson_ends(share, self.effective[known], quantile)
        return f1_of(low), f1_of(high)


def f1_of(share: Any) -> Any:
    """F1 where this share of the rows that are true or predicted is right."""
    return 2 * share / (1 + share)


def _either(counts: Counts) -> Array:
    """Rows that are true or predicted of each class."""
    return np.asarray(counts.true + counts.predicted - counts.right)


def _smoothed(counts: Counts) -> tuple[Array, Array, Array]:
    """F1 of each class and what it divides by, with the pseudo-rows added, and the classes' shares in these; (C,)."""
    prior = prior_shares(counts)
    below = np.maximum(counts.true + counts.predicted + 2 * PRIOR_ROWS * prior, 1e-9)
    return 2 * (counts.right + PRIOR_ROWS * prior**2) / below, below, prior


def _covariance(confusion: Array, score: Array, below: Array) -> Array:
    """Sum over the rows of what one row moves the F1 of two classes; shape (C, C)."""
    right = np.diagonal(confusion)
    missed = confusion - np.diag(right)
    pull = score / below
    found = np.outer(pull, pull) * (missed + missed.T)
    own = right * (2 - 2 * score) ** 2 + score**2 * (missed.sum(0) + missed.sum(1))
    np.fill_diagonal(found, own / below**2)
    return np.asarray(found)


def mcc_interval(true: Array, predicted: Array, classes: int, units: Units, level: float = 0.95) -> Interval:
    """Interval of the Matthews correlation; class numbers (N,)."""
    confusion = by_count.confusion_matrix(true, predicted, classes)
    smooth = _smoothed_cells(confusion)
    moved = _mcc_moves(smooth)
    value = float(by_count.mcc(by_count.counts_of_confusion(confusion)))
    middle = float(by_count.mcc(by_count.counts_of_confusion(smooth)))
    return _interval(value, middle, _variance(moved, smooth - confusion, true, predicted, units), units, level)


def kappa_interval(true: Array, predicted: Array, levels: int, units: Units, level: float = 0.95) -> Interval:
    """Interval of the quadratic kappa; levels (N,). NaN ends where kappa has no value."""
    confusion = by_count.confusion_matrix(true, predicted, levels)
    value = float(by_count.quadratic_kappa(confusion))
    if np.isnan(value):
        return Interval(value=value, low=value, high=value)
    smooth = _smoothed_cells(confusion)
    moved = _kappa_moves(smooth)
    middle = float(by_count.quadratic_kappa(smooth))
    return _interval(value, middle, _variance(moved, smooth - confusion, true, predicted, units), units, level)


def _smoothed_cells(confusion: Array) -> Array:
    prior = prior_shares(by_count.counts_of_confusion(confusion))
    return np.asarray(confusion + PRIOR_ROWS * np.outer(prior, prior))


def _interval(value: float, middle: float, variance: float, units: Units, level: float) -> Interval:
    """Wilson's interval of (1 + score) / 2, as a share of so many rows as would give it this variance.

    Near its ends such a score moves as a share does: by about the same step for each error.
    """
    rows = max(1 - middle**2, 1e-12) / max(variance, 1e-12)
    low, high = wilson_ends(np.array((1 + value) / 2), np.array(rows), units.quantile(level))
    return Interval(value=value, low=2 * float(low) - 1, high=2 * float(high) - 1)


def _variance(moved: Array, prior: Array, true: Array, predicted: Array, units: Units) -> float:
    """Variance of a score that a row of a cell moves by `moved` (C, C), with that of the prior's rows."""
    return float(units.scatter(moved[true, predicted])) + units.size * float((prior * moved**2).sum())


def _mcc_moves(confusion: Array) -> Array:
    """By how much one more row in each cell moves the Matthews correlation, shape (C, C); its derivative."""
    rows, true, predicted = confusion.sum(), confusion.sum(1), confusion.sum(0)
    spread_true, spread_predicted = rows**2 - (true**2).sum(), rows**2 - (predicted**2).sum()
    below = np.sqrt(spread_true * spread_predicted)
    if below <= 0:
        return np.zeros_like(confusion)
    score = (np.trace(confusion) * rows - true @ predicted) / below
    above = rows * np.eye(len(confusion)) + np.trace(confusion) - true[None, :] - predicted[:, None]
    shrink = (rows - predicted)[None, :] / spread_predicted + (rows - true)[:, None] / spread_true
    return np.asarray(above / below - score * shrink)


def _kappa_moves(confusion: Array) -> Array:
    """By how much one more row in each cell moves the quadratic kappa, shape (C, C); its derivative."""
    places = np.arange(len(confusion), dtype=float)
    distance = (places[:, None] - places[None, :]) ** 2
    rows, true, predicted = confusion.sum(), confusion.sum(1), confusion.sum(0)
    apart = (distance * confusion).sum()
    by_chance = true @ distance @ predicted
    more = (distance @ predicted)[:, None] + (true @ distance)[None, :]
    return np.asarray(rows * apart / by_chance**2 * more - (apart + rows * distance) / by_chance)


__all__ = ["F1", "f1_of", "kappa_interval", "mcc_interval"]
