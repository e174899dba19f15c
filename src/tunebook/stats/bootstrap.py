"""Intervals by resampling rows: how far a score would move on other rows of the same kind.

They say nothing of other training seeds: two runs must not be compared by them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.metrics import counts as by_count
from tunebook.metrics.calibration import sigmoid
from tunebook.metrics.classification import single_label_auc
from tunebook.metrics.ranking import macro_auc
from tunebook.metrics.regression import nearest_level, pearson, spearman
from tunebook.stats.cells import Cells, CountScore
from tunebook.stats.proportion import wilson_interval
from tunebook.stats.resample import Method, acceleration_of, bca_ends, draw_rows, draw_weights, percentile_ends

Array = NDArray[Any]
Score = Callable[[Array], float]

RESAMPLES = 2000
# Rows x outputs x resamples that an AUC may cost, and the fewest resamples whatever the cost.
_AUC_BUDGET, _FEWEST = 100_000_000, 200


@dataclass(frozen=True)
class Resampling:
    """How to resample.

    Attributes:
        resamples: number of resamples.
        level: share of repetitions in which the interval is to hold the true value.
        seed: start of the draws; the same seed gives the same interval.
    """

    resamples: int = RESAMPLES
    level: float = 0.95
    seed: int = 0

    def rng(self) -> np.random.Generator:
        """A fresh source of draws."""
        return np.random.default_rng(self.seed)


_USUAL = Resampling()


def bootstrap_interval(
    score: Score | Array,
    n: int,
    *,
    resamples: int = RESAMPLES,
    level: float = 0.95,
    seed: int = 0,
    method: Method = "bca",
) -> Interval:
    """Interval of a score over n rows.

    Args:
        score: either one value for each row, shape (n,), whose mean is the score (fast); or a function from row
            numbers (n,), drawn with replacement, to the score (slow: called `resamples` times, and n times more for
            `bca`). Resamples on which it is NaN are left out.
        method: `bca` (bias-corrected and accelerated) or `percentile`.

    Raises:
        ValueError: no rows, or values that are not n.
    """
    how = Resampling(resamples, level, seed)
    if not callable(score):
        values = np.asarray(score, dtype=np.float64)
        if values.shape != (n,) or n < 1:
            raise ValueError(f"values of shape {values.shape} do not belong to {n} rows")
        return _mean_interval(values, how, method)
    if n < 1:
        raise ValueError("no rows to draw from")
    value = float(score(np.arange(n)))
    scores = np.array([score(rows) for block in draw_rows(n, resamples, how.rng()) for rows in block], dtype=float)
    if method == "percentile" or n < 2:
        return percentile_ends(value, scores, level)
    left_out = np.array([score(np.delete(np.arange(n), i)) for i in range(n)], dtype=float)
    return bca_ends(value, scores, level, acceleration_of(left_out))


def classification_intervals(logits: Array, targets: Array, how: Resampling = _USUAL) -> dict[str, Interval]:
    """Intervals of accuracy, macro_f1, micro_f1, mcc and auc; logits (N, C), targets (N,) class numbers.

    Accuracy and micro_f1 have Wilson's interval; macro_f1 and mcc are resampled by confusion cells (BCa); auc by rows,
    with fewer resamples where there are many rows and classes. A score that is NaN has no interval.
    """
    targets = np.asarray(targets, dtype=np.int64)
    confusion = by_count.confusion_matrix(targets, logits.argmax(1), logits.shape[1])
    share = wilson_interval(int(np.trace(confusion)), len(targets), how.level)
    resampled = _cell_intervals(confusion, {"macro_f1": by_count.macro_f1, "mcc": by_count.mcc}, how)
    return _known(
        {
            "accuracy": share,
            "macro_f1": _no_surer(resampled["macro_f1"], share),
            "micro_f1": share,
            "mcc": _no_surer(resampled["mcc"], share),
            "auc": _auc_interval(lambda w: single_label_auc(logits, targets, w), logits.shape, how),
        }
    )


def multi_label_intervals(
    logits: Array, targets: Array, thresholds: float | Array = 0.5, how: Resampling = _USUAL
) -> dict[str, Interval]:
    """Intervals of micro_f1, macro_f1, accuracy (all labels right) and auc; logits and targets (N, C)."""
    true = np.asarray(targets, dtype=bool)
    yes = sigmoid(logits) > thresholds
    exact = (yes == true).all(1)
    share = wilson_interval(int(exact.sum()), len(exact), how.level)
    right, positive, given = (part.astype(float) for part in (yes & true, true, yes))
    value = by_count.counts_of_decisions(yes, true)
    left_out = by_count.Counts(value.right - right, value.true - positive, value.predicted - given, value.rows - 1)
    scores: dict[str, CountScore] = {"micro_f1": by_count.micro_f1, "macro_f1": by_count.macro_f1}
    drawn: dict[str, list[Array]] = {name: [] for name in scores}
    for weights in draw_weights(len(exact), how.resamples, how.rng()):
        counts = by_count.Counts(weights @ right, weights @ positive, weights @ given, weights.sum(-1))
        for name, score in scores.items():
            drawn[name].append(score(counts))
    found = {
        name: bca_ends(float(score(value)), np.concatenate(drawn[name]), how.level, acceleration_of(score(left_out)))
        for name, score in scores.items()
    }
    found = {name: _no_surer(interval, share) for name, interval in found.items()}
    numbers = np.asarray(logits, dtype=np.float64)
    area = _auc_interval(lambda w: macro_auc(numbers, true, w), numbers.shape, how)
    return _known({**found, "accuracy": share, "auc": area})


def regression_intervals(pred: Array, target: Array, how: Resampling = _USUAL) -> dict[str, Interval]:
    """Intervals of spearman, pearson, mse and mae; pred and target (N,)."""
    pred, target = np.asarray(pred, dtype=np.float64), np.asarray(target, dtype=np.float64)
    return _known(
        {
            "spearman": _weight_interval(lambda w: spearman(pred, target, w), len(pred), how),
            "pearson": _weight_interval(lambda w: pearson(pred, target, w), len(pred), how),
            "mse": _mean_interval((pred - target) ** 2, how),
            "mae": _mean_interval(np.abs(pred - target), how),
        }
    )


def ordinal_intervals(pred: Array, target: Array, levels: int, how: Resampling = _USUAL) -> dict[str, Interval]:
    """Intervals of accuracy, macro_f1, qwk, mae and spearman for ordered classes predicted as a number."""
    pred, target = np.asarray(pred, dtype=np.float64), np.asarray(target, dtype=np.float64)
    if not np.isfinite(pred).all():
        return {}
    confusion = by_count.confusion_matrix(target.astype(np.int64), nearest_level(pred, levels), levels)
    share = wilson_interval(int(np.trace(confusion)), len(pred), how.level)
    cells = Cells.of(confusion)
    kappas = [by_count.quadratic_kappa(cells.matrices(rows)) for rows in cells.draws(how.resamples, how.rng())]
    kappa = percentile_ends(float(by_count.quadratic_kappa(confusion)), np.concatenate(kappas), how.level)
    return _known(
        {
            "accuracy": share,
            "macro_f1": _no_surer(_cell_intervals(confusion, {"f1": by_count.macro_f1}, how)["f1"], share),
            "qwk": _no_surer(kappa, share),
            "mae": _mean_interval(np.abs(pred - target), how),
            "spearman": _weight_interval(lambda w: spearman(pred, target, w), len(pred), how),
        }
    )


def _mean_interval(values: Array, how: Resampling, method: Method = "bca") -> Interval:
    rows = draw_rows(len(values), how.resamples, how.rng())
    scores = np.concatenate([values[block].mean(axis=1) for block in rows])
    value = float(values.mean())
    if method == "percentile":
        return percentile_ends(value, scores, how.level)
    # With one row left out the mean moves by a multiple of that row's distance, which cancels in the skewness.
    return bca_ends(value, scores, how.level, acceleration_of(-values))


def _cell_intervals(confusion: Array, scores: Mapping[str, CountScore], how: Resampling) -> dict[str, Interval]:
    cells = Cells.of(confusion)
    drawn = [
        {name: score(counts) for name, score in scores.items()}
        for counts in map(cells.counts, cells.draws(how.resamples, how.rng()))
    ]
    value, left_out = by_count.counts_of_confusion(confusion), cells.without_one()
    return {
        name: bca_ends(
            float(score(value)),
            np.concatenate([block[name] for block in drawn]),
            how.level,
            acceleration_of(score(left_out), cells.rows),
        )
        for name, score in scores.items()
    }


def _weight_interval(score: Callable[[Array], Array], n: int, how: Resampling) -> Interval:
    """BCa where leaving rows out costs no more than the resamples; with more rows the percentiles are as good."""
    value = float(score(np.ones(n)))
    scores = np.concatenate([score(weights) for weights in draw_weights(n, how.resamples, how.rng())])
    if not 2 <= n <= how.resamples:
        return percentile_ends(value, scores, how.level)
    return bca_ends(value, scores, how.level, acceleration_of(score(1.0 - np.eye(n))))


def _auc_interval(score: Callable[[Array], Array], shape: tuple[int, ...], how: Resampling) -> Interval:
    rows, outputs = shape
    affordable = max(_FEWEST, _AUC_BUDGET // (rows * outputs))
    return _weight_interval(score, rows, Resampling(min(how.resamples, affordable), how.level, how.seed))


def _no_surer(interval: Interval, share: Interval) -> Interval:
    """An interval of a score without a single error, which resampling cannot widen, opened as far as accuracy's."""
    if interval.low < interval.high or interval.value < 1.0:
        return interval
    return Interval(value=interval.value, low=min(interval.low, share.low), high=interval.high)


def _known(intervals: dict[str, Interval]) -> dict[str, Interval]:
    return {name: interval for name, interval in intervals.items() if not np.isnan(interval.low)}


__all__ = [
    "RESAMPLES",
    "Resampling",
    "bootstrap_interval",
    "classification_intervals",
    "multi_label_intervals",
    "ordinal_intervals",
    "regression_intervals",
]
