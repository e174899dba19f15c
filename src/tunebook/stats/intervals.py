"""Intervals of the scores of one run: how far they would move on other rows, or other groups of rows, of the same kind.

In how many samples they hold the true value is measured by `python -m benchmarks COVERAGE`. They say nothing of other
training seeds: two runs must not be compared by them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.metrics import counts as by_count
from tunebook.metrics.calibration import sigmoid, softmax
from tunebook.metrics.regression import nearest_level
from tunebook.stats.agreement import kappa_interval, mcc_interval
from tunebook.stats.areas import Areas
from tunebook.stats.calibrated import calibration_interval
from tunebook.stats.f1 import F1, f1_of
from tunebook.stats.means import mean_interval, pearson_interval, spearman_interval
from tunebook.stats.proportion import effective_rows, right_interval, share_interval, wilson_ends
from tunebook.stats.units import Units, normal_quantile

Array = NDArray[Any]
Found = dict[str, Interval]

# Below so many rows of a class, or groups in all, an interval may hold the true value in less than 92 % of the samples.
FEW_ROWS, FEW_GROUPS = 10, 10


def classification_intervals(logits: Array, targets: Array, groups: Array | None = None, level: float = 0.95) -> Found:
    """Intervals of accuracy, macro_f1, micro_f1, mcc, auc and ece; logits (N, C), targets (N,) class numbers.

    `groups` (N,) say which rows were drawn together. A score that is NaN has no interval.
    """
    true, given = np.asarray(targets, dtype=np.int64), logits.argmax(1)
    classes, units = logits.shape[1], Units.of(len(logits), groups)
    right = given == true
    share = right_interval(right, units, level)
    scores = logits[:, 1:].astype(np.float64) - logits[:, :1] if classes == 2 else softmax(logits)
    sides = (true == 1)[:, None] if classes == 2 else np.eye(classes, dtype=bool)[true]
    return _known(
        {
            "accuracy": share,
            "macro_f1": single_label_f1(true, given, classes, units, level).macro(),
            "micro_f1": share,
            "mcc": mcc_interval(true, given, classes, units, level),
            "auc": _area(scores, sides, units, level),
            "ece": calibration_interval(softmax(logits).max(1), right, units, level),
        }
    )


def multi_label_intervals(
    logits: Array,
    targets: Array,
    thresholds: float | Array = 0.5,
    groups: Array | None = None,
    level: float = 0.95,
) -> Found:
    """Intervals of micro_f1, macro_f1, accuracy (all labels right), auc and ece; logits and targets (N, C)."""
    true, units = np.asarray(targets, dtype=bool), Units.of(len(logits), groups)
    probabilities = sigmoid(logits)
    given = probabilities > thresholds
    classes = true.shape[1]
    rows = np.arange(units.rows) if units.codes is None else units.codes
    answers = Units.of(units.rows * classes, np.repeat(rows, classes))
    return _known(
        {
            "micro_f1": _micro_f1(true, given, units, level),
            "macro_f1": multi_label_f1(true, given, units, level).macro(),
            "accuracy": right_interval((given == true).all(1), units, level),
            "auc": _area(np.asarray(logits, dtype=np.float64), true, units, level),
            "ece": calibration_interval(probabilities.ravel(), true.ravel(), answers, level),
        }
    )


def regression_intervals(pred: Array, target: Array, groups: Array | None = None, level: float = 0.95) -> Found:
    """Intervals of spearman, pearson, mse and mae; pred and target (N,)."""
    pred, target = np.asarray(pred, dtype=np.float64), np.asarray(target, dtype=np.float64)
    units = Units.of(len(pred), groups)
    return _known(
        {
            "spearman": spearman_interval(pred, target, units, level),
            "pearson": pearson_interval(pred, target, units, level),
            "mse": mean_interval((pred - target) ** 2, units, level),
            "mae": mean_interval(np.abs(pred - target), units, level),
        }
    )


def ordinal_intervals(
    pred: Array, target: Array, levels: int, groups: Array | None = None, level: float = 0.95
) -> Found:
    """Intervals of accuracy, macro_f1, qwk, mae and spearman for ordered classes predicted as a number."""
    pred, target = np.asarray(pred, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if not np.isfinite(pred).all():
        return {}
    units = Units.of(len(pred), groups)
    true, given = target.astype(np.int64), nearest_level(pred, levels)
    return _known(
        {
            "accuracy": right_interval(given == true, units, level),
            "macro_f1": single_label_f1(true, given, levels, units, level).macro(),
            "qwk": kappa_interval(true, given, levels, units, level),
            "mae": mean_interval(np.abs(pred - target), units, level),
            "spearman": spearman_interval(pred, target, units, level),
        }
    )


def class_intervals(true: Array, given: Array, units: Units, level: float = 0.95) -> dict[str, tuple[Array, Array]]:
    """Low and high ends (C,) of each class's precision, recall and f1, for yes or no (N, C); NaN where it has no rows.

    Precision and recall have Wilson's interval, F1 that of the share right / (true or given), which it follows.
    """
    counts = counts_of_units(true, given, units)
    ends = {"precision": counts.predicted, "recall": counts.true}
    found = {name: _share_ends(counts.right, rows, units, level) for name, rows in ends.items()}
    low, high = _share_ends(counts.right, counts.true + counts.predicted - counts.right, units, level)
    return {**found, "f1": (f1_of(low), f1_of(high))}


def _share_ends(hits: Array, rows: Array, units: Units, level: float) -> tuple[Array, Array]:
    """Ends of the shares (C,) that hits are of rows, both of each unit (units, C)."""
    total = rows.sum(0)
    told = total if units.codes is None else effective_rows(hits, rows, level)
    share = by_count.share(hits.sum(0), total)
    low, high = wilson_ends(share, np.where(total > 0, told, 1.0), normal_quantile(level))
    return np.where(total > 0, low, np.nan), np.where(total > 0, high, np.nan)


def single_label_f1(true: Array, given: Array, classes: int, units: Units, level: float = 0.95) -> F1:
    """What F1's intervals are made of, for class numbers (N,)."""
    if units.codes is None:
        return F1.of_confusion(by_count.confusion_matrix(true, given, classes), level)
    eye = np.eye(classes, dtype=bool)
    return multi_label_f1(eye[true], eye[given], units, level)


def multi_label_f1(true: Array, given: Array, units: Units, level: float = 0.95) -> F1:
    """What F1's intervals are made of, for yes or no (N, C)."""
    return F1.of_units(units, counts_of_units(true, given, units), level)


def counts_of_units(true: Array, given: Array, units: Units) -> by_count.Counts:
    """Class counts of each unit, class arrays (units, C), for yes or no (N, C)."""
    rows = units.sums(np.ones(len(true)))
    return by_count.Counts(units.sums(true & given), units.sums(true), units.sums(given), rows)


def _micro_f1(true: Array, given: Array, units: Units, level: float) -> Interval:
    """Of all decisions together: right ones among those that are true or given is a share, and F1 follows it."""
    either = units.sums((true | given).sum(1))
    if not either.any():
        return Interval(value=0.0, low=float("nan"), high=float("nan"))
    share = share_interval(units.sums((true & given).sum(1)), either, level)
    return Interval(value=f1_of(share.value), low=f1_of(share.low), high=f1_of(share.high))


def _area(scores: Array, targets: Array, units: Units, level: float) -> Interval | None:
    return None if np.isnan(scores).any() else Areas.of(scores, targets, units, level).interval(level)


def _known(intervals: dict[str, Interval | None]) -> Found:
    return {name: found for name, found in intervals.items() if found is not None and not np.isnan(found.low)}


__all__ = [
    "FEW_GROUPS",
    "FEW_ROWS",
    "class_intervals",
    "classification_intervals",
    "counts_of_units",
    "multi_label_f1",
    "multi_label_intervals",
    "ordinal_intervals",
    "regression_intervals",
    "single_label_f1",
]
