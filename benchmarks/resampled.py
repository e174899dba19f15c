"""Intervals of single runs as they were until 2026-11-30, for the claim COVERAGE: rows resampled, groups not known.

Wilson's interval for shares, percentiles for kappa, and the bias-corrected and accelerated bootstrap for all others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.stats import counts as by_count
from tunebook.stats.bootstrap import acceleration_of, bca_ends, draw_weights, percentile_ends
from tunebook.stats.calibration import sigmoid
from tunebook.stats.counts import Counts
from tunebook.stats.proportion import wilson_interval
from tunebook.stats.ranking import macro_auc, nearest_level, pearson, single_label_auc, spearman

Array = NDArray[Any]
Score = Callable[[Array], Array]
RESAMPLES = 300


def intervals(kind: str, logits: Array, targets: Array, levels: int) -> dict[str, Interval]:
    """Metric -> interval; logits (N, outputs) and targets of one kind of labels."""
    rows = len(logits)
    if kind == "regression":
        scores, share = _of_numbers(logits[:, 0], targets), None
    elif kind == "multi_label":
        true, given = np.asarray(targets, bool), sigmoid(logits) > 0.5
        share = wilson_interval(int((true == given).all(1).sum()), rows)
        numbers = logits.astype(np.float64)
        scores = {**_of_decisions(true, given, ("micro_f1", "macro_f1")), "auc": lambda w: macro_auc(numbers, true, w)}
    else:
        given = nearest_level(logits[:, 0], levels) if kind == "ordinal" else logits.argmax(1)
        eye = np.eye(levels, dtype=bool)
        names = ("macro_f1",) if kind == "ordinal" else ("macro_f1", "mcc")
        share = wilson_interval(int((given == targets).sum()), rows)
        scores = _of_decisions(eye[targets], eye[given], names)
        if kind == "ordinal":
            numbers = _of_numbers(logits[:, 0], targets.astype(float))
            scores |= {"qwk": _kappa(targets, given, levels), **{name: numbers[name] for name in ("mae", "spearman")}}
        else:
            scores["auc"] = lambda w: single_label_auc(logits, targets, w)
    found = {name: _interval(score, rows, bca=name != "qwk") for name, score in scores.items()}
    if share is None:
        return found
    return {name: _no_surer(interval, share) for name, interval in found.items()} | {"accuracy": share}


def _interval(score: Score, rows: int, bca: bool) -> Interval:
    value = float(score(np.ones(rows)))
    drawn = np.concatenate([score(weights) for weights in draw_weights(rows, RESAMPLES, np.random.default_rng(0))])
    if not bca:
        return percentile_ends(value, drawn, 0.95)
    return bca_ends(value, drawn, 0.95, acceleration_of(score(1.0 - np.eye(rows))))


def _no_surer(interval: Interval, share: Interval) -> Interval:
    """An interval of a score without an error, which resampling cannot widen, opened as far as accuracy's."""
    if interval.low < interval.high or interval.value < 1.0:
        return interval
    return Interval(value=interval.value, low=min(interval.low, share.low), high=interval.high)


def _of_decisions(true: Array, given: Array, names: tuple[str, ...]) -> dict[str, Score]:
    right, positive, said = ((part).astype(float) for part in (true & given, true, given))

    def counted(name: str) -> Score:
        score = {"macro_f1": by_count.macro_f1, "micro_f1": by_count.micro_f1, "mcc": by_count.mcc}[name]
        return lambda w: score(Counts(w @ right, w @ positive, w @ said, w.sum(-1)))

    return {name: counted(name) for name in names}


def _of_numbers(pred: Array, target: Array) -> dict[str, Score]:
    return {
        "spearman": lambda w: spearman(pred, target, w),
        "pearson": lambda w: pearson(pred, target, w),
        "mse": lambda w: w @ (pred - target) ** 2 / w.sum(-1),
        "mae": lambda w: w @ np.abs(pred - target) / w.sum(-1),
    }


def _kappa(true: Array, given: Array, levels: int) -> Score:
    cells = np.eye(levels * levels)[true.astype(int) * levels + given]
    return lambda w: by_count.quadratic_kappa((w @ cells).reshape(*w.shape[:-1], levels, levels))


__all__ = ["RESAMPLES", "intervals"]
