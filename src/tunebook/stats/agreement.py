"""Intervals of scores of a whole confusion matrix between -1 and 1: Matthews correlation and quadratic kappa."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.metrics import counts as by_count
from tunebook.stats.proportion import wilson_ends
from tunebook.stats.smooth import PRIOR_ROWS, prior_shares
from tunebook.stats.units import Units

Array = NDArray[Any]


def mcc_interval(true: Array, predicted: Array, classes: int, units: Units, level: float = 0.95) -> Interval:
    """Interval of the Matthews correlation; class numbers (N,)."""
    confusion = by_count.confusion_matrix(true, predicted, classes)
    smooth = _smoothed(confusion)
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
    smooth = _smoothed(confusion)
    moved = _kappa_moves(smooth)
    middle = float(by_count.quadratic_kappa(smooth))
    return _interval(value, middle, _variance(moved, smooth - confusion, true, predicted, units), units, level)


def _smoothed(confusion: Array) -> Array:
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


__all__ = ["kappa_interval", "mcc_interval"]
