"""Intervals of the scores of one run: how far they would move on other rows, or other groups of rows, of the same kind.

In how many samples they hold the true value is measured by `python -m benchmarks COVERAGE`. They say nothing of other
training seeds: two runs must not be compared by them.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.metric import Cells
from tunebook.core.nouns import Interval
from tunebook.stats import counts as by_count
from tunebook.stats.bootstrap import (
    RESAMPLES,
    Units,
    acceleration_of,
    bca_ends,
    bootstrap_interval,
    draw_weights,
    normal_quantile,
)
from tunebook.stats.calibration import Calibration, calibration_interval, softmax
from tunebook.stats.confusion import F1, f1_of, kappa_interval, mcc_interval
from tunebook.stats.influence import Areas, mean_interval, pearson_interval, spearman_interval
from tunebook.stats.proportion import effective_rows, right_interval, share_interval, wilson_ends
from tunebook.stats.ranking import Compared

Array = NDArray[Any]

# Below so many rows of a class, or groups in all, an interval may hold the true value in less than 92 % of the samples.
FEW_ROWS, FEW_GROUPS = 10, 10
_DRAWS = 500  # of scores that have to be counted anew each time


def of_right(right: Array, groups: Array | None, level: float = 0.95) -> Interval:
    """Of the share of rows that are right; 0 or 1, shape (N,)."""
    return right_interval(right, Units.of(len(right), groups), level)


def of_mean(values: Array, groups: Array | None, level: float = 0.95) -> Interval:
    """Of the mean of values (N,), such as errors."""
    return mean_interval(values, Units.of(len(values), groups), level)


def of_ratio(sums: Array, groups: Array | None, level: float = 0.95) -> Interval | None:
    """Of a sum over the rows divided by another, (N, 2): how far single rows, or groups, pull it. None of nothing."""
    units, whole = Units.of(len(sums), groups), float(sums[:, 1].sum())
    if not whole:
        return None
    ratio = float(sums[:, 0].sum()) / whole
    half = units.quantile(level) * float(np.sqrt(units.scatter(sums[:, 0] - ratio * sums[:, 1])) / whole)
    return Interval(value=ratio, low=ratio - half, high=ratio + half)


def of_share(sums: Array, groups: Array | None, level: float = 0.95) -> Interval | None:
    """Of a share: so many of so many, both summed over the rows; (N, 2). None of nothing."""
    units = Units.of(len(sums), groups)
    if not sums[:, 1].any():
        return None
    return share_interval(units.sums(sums[:, 0]), units.sums(sums[:, 1]), level)


def of_macro_f1(counted: Cells | Array, groups: Array | None, level: float = 0.95) -> Interval | None:
    """Of the macro F1 of class numbers, or of what is rightly given, true and given of each class, (N, 3 C)."""
    if isinstance(counted, Cells):
        return single_label_f1(*_classes(counted), Units.of(len(counted.places), groups), level).macro()
    return counted_f1(counted, groups, level).macro()


def counted_f1(counted: Array, groups: Array | None, level: float = 0.95) -> F1:
    """F1 of each class with what its interval is made of; what is rightly given, true and given, (N, 3 C)."""
    units = Units.of(len(counted), groups)
    right, true, given = (units.sums(part) for part in np.split(counted, 3, axis=1))
    return F1.of_units(units, by_count.Counts(right, true, given, units.sums(np.ones(len(counted)))), level)


def of_micro_f1(counted: Array, groups: Array | None, level: float = 0.95) -> Interval | None:
    """Of the F1 of what is rightly given, true and given, (N, 3 C): right ones among those that are true or given are a
    share, which F1 follows."""
    right, true, given = (part.sum(1) for part in np.split(counted, 3, axis=1))
    share = of_share(np.stack([right, true + given - right], axis=1), groups, level)
    if share is None:
        return None
    return Interval(value=f1_of(share.value), low=f1_of(share.low), high=f1_of(share.high))


def of_mcc(counted: Cells, groups: Array | None, level: float = 0.95) -> Interval:
    """Of the Matthews correlation."""
    return mcc_interval(*_classes(counted), Units.of(len(counted.places), groups), level)


def of_kappa(counted: Cells, groups: Array | None, level: float = 0.95) -> Interval:
    """Of the quadratic kappa."""
    return kappa_interval(*_classes(counted), Units.of(len(counted.places), groups), level)


def of_area(compared: Compared, groups: Array | None, level: float = 0.95) -> Interval | None:
    """Of the AUC of scores (N, C) against class numbers (N,) or yes and no (N, C)."""
    scores, true, units = compared.answers, compared.targets, Units.of(len(compared.targets), groups)
    if not compared.finite:
        return None
    if true.ndim == 2:
        sides = true > 0
    elif scores.shape[1] == 2:
        scores, sides = scores[:, 1:] - scores[:, :1], (true == 1)[:, None]
    else:
        scores, sides = softmax(scores), np.eye(scores.shape[1], dtype=bool)[true]
    return Areas.of(scores, sides, units, level).interval(level)


def of_calibration(answers: Calibration, groups: Array | None, level: float = 0.95) -> Interval | None:
    """Of the calibration error, the m answers to a row belonging together."""
    rows, each = answers.confidence.shape
    units = Units.of(rows * each, np.repeat(np.arange(rows) if groups is None else groups, each))
    return calibration_interval(answers.confidence.ravel(), answers.right.ravel(), units, level)


def of_pearson(compared: Compared, groups: Array | None, level: float = 0.95) -> Interval:
    """Of the linear correlation."""
    return pearson_interval(compared.answers, compared.targets, Units.of(len(compared.targets), groups), level)


def of_spearman(compared: Compared, groups: Array | None, level: float = 0.95) -> Interval:
    """Of the rank correlation."""
    return spearman_interval(compared.answers, compared.targets, Units.of(len(compared.targets), groups), level)


def of_drawn(compared: Compared, groups: Array | None, level: float = 0.95) -> Interval | None:
    """Of any score of all rows together, by drawing them again; None where it has no value."""
    units = Units.of(len(compared.targets), groups)
    if not compared.finite or np.isnan(compared.whole()):
        return None
    return bootstrap_interval(compared.at, units, resamples=_DRAWS, level=level, method="percentile")


def of_sums(parts: Array, fold: Callable[[Array], Array], groups: Array | None, level: float = 0.95) -> Interval | None:
    """Of a score that `fold` makes of the sums (K,) of what each row adds, (N, K), by drawing rows or groups again.
    None where it has no value."""
    units = Units.of(len(parts), groups)
    sums = units.sums(parts)
    total = sums.sum(0)
    value = float(fold(total))
    if np.isnan(value):
        return None
    scores = np.concatenate(
        [fold(often @ sums) for often in draw_weights(units.count, RESAMPLES, np.random.default_rng(0))]
    )
    return bca_ends(value, scores, level, acceleration_of(np.asarray(fold(total - sums))))


def _classes(counted: Cells) -> tuple[Array, Array, int]:
    """True and given class numbers (N,), and how many classes there are."""
    classes = isqrt(counted.size)
    return *np.divmod(counted.places, classes), classes


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


__all__ = [
    "FEW_GROUPS",
    "FEW_ROWS",
    "class_intervals",
    "counted_f1",
    "counts_of_units",
    "multi_label_f1",
    "of_area",
    "of_calibration",
    "of_drawn",
    "of_kappa",
    "of_macro_f1",
    "of_mcc",
    "of_mean",
    "of_micro_f1",
    "of_pearson",
    "of_ratio",
    "of_right",
    "of_share",
    "of_spearman",
    "of_sums",
    "single_label_f1",
]
