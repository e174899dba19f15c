"""The metrics of classification and regression heads, whatever the model reads: kind of labels -> metrics."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from math import inf, isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.metric import Cells, Drawn, Metric
from tunebook.core.nouns import Labels
from tunebook.stats import counts as by_count
from tunebook.stats.calibration import Calibration, log_softmax, sigmoid, softmax
from tunebook.stats.counts import Counts
from tunebook.stats.ranking import (
    Compared,
    explained,
    label_ranking,
    macro_auc,
    nearest_level,
    pearson,
    root_error,
    single_label_auc,
    spearman,
)

Array = NDArray[Any]


def decided(answers: Array, labels: Labels) -> Array:
    """What each row is given: the number of its class, shape (N,), or of several labels yes or no, shape (N, C)."""
    if labels.kind.classes == "several":
        return sigmoid(answers) > 0.5
    return nearest_level(answers[:, 0], len(labels.names)) if labels.kind.classes == "ordered" else answers.argmax(1)


def present(targets: Array, labels: Labels) -> Array:
    """How often each row has each class, shape (N, C): at most once; C is 0 for numbers."""
    match labels.kind.classes:
        case "several":
            return np.asarray(targets > 0, dtype=np.int64)
        case "none":
            return np.zeros((len(targets), 0), dtype=np.int64)
    return np.eye(len(labels.names), dtype=np.int64)[np.asarray(targets, dtype=np.int64)]


def found(answers: Array, targets: Array, labels: Labels) -> Array:
    """Which of these are given, shape (N, C)."""
    there = present(targets, labels)
    if not there.shape[1]:
        return there
    _, given = _given(answers, targets, labels)
    return there * (given if given.ndim == 2 else np.eye(len(labels.names), dtype=np.int64)[given])


def _given(answers: Array, targets: Array, labels: Labels) -> tuple[Array, Array]:
    """True classes and those that are given, class numbers (N,) or yes and no (N, C).

    Where an answer is no number, what is given is wrong: of ordered classes the farthest, so that no kappa comes of it.
    """
    answers, targets = _checked(answers, targets, labels)
    finite = np.asarray(np.isfinite(answers).all(1))
    given = decided(answers if finite.all() else np.nan_to_num(answers), labels)
    if labels.kind.classes == "several":
        true = np.asarray(targets, dtype=bool)
        return true, np.where(finite[:, None], given, ~true)
    true, classes = np.asarray(targets, dtype=np.int64), len(labels.names)
    farthest = np.where(2 * true < classes - 1, classes - 1, 0)
    return true, np.where(finite, given, farthest if labels.kind.classes == "ordered" else (true + 1) % classes)


def _checked(answers: Array, targets: Array, labels: Labels) -> tuple[Array, Array]:
    answers, targets = np.asarray(answers), np.asarray(targets)
    expected = answers.shape if labels.kind.classes == "several" else answers.shape[:1]
    if answers.ndim != 2 or targets.shape != expected or not len(answers):
        raise ValueError(f"answers of shape {answers.shape} and targets of shape {targets.shape} cannot be scored")
    return answers, targets


def _cells(answers: Array, targets: Array, labels: Labels) -> Cells:
    """The cell of the confusion matrix that each row counts in."""
    true, given = _given(answers, targets, labels)
    return Cells(true * len(labels.names) + given, len(labels.names) ** 2)


def _decisions(answers: Array, targets: Array, labels: Labels) -> Array:
    """Of each row whether a class is rightly given, true, and given; shape (N, 3 C)."""
    true, given = _given(answers, targets, labels)
    return np.hstack([given & true, true, given])


def _right(answers: Array, targets: Array, labels: Labels) -> Array:
    """Whether each row is right, in all of its labels."""
    true, given = _given(answers, targets, labels)
    return np.asarray(given == true if true.ndim == 1 else (given == true).all(1), dtype=np.float64)


def _each_right(answers: Array, targets: Array, labels: Labels) -> Array:
    true, given = _given(answers, targets, labels)
    return np.asarray(given == true)


def _of_confusion(score: Callable[[Counts], Array], sums: Array) -> Array:
    classes = isqrt(sums.shape[-1])
    return score(by_count.counts_of_confusion(sums.reshape(*sums.shape[:-1], classes, classes)))


def _of_decisions(score: Callable[[Counts], Array], sums: Array) -> Array:
    right, true, given = np.split(sums, 3, axis=-1)
    return score(Counts(right, true, given, np.asarray(0)))


def _kappa(sums: Array) -> Array:
    levels = isqrt(sums.shape[-1])
    return by_count.quadratic_kappa(sums.reshape(*sums.shape[:-1], levels, levels))


def _log_loss(answers: Array, targets: Array, labels: Labels) -> Array:
    answers, targets = _checked(answers, targets, labels)
    return -log_softmax(answers)[np.arange(len(targets)), np.asarray(targets, dtype=np.int64)]


def _calibration(answers: Array, targets: Array, labels: Labels) -> Calibration:
    answers, targets = _checked(answers, targets, labels)
    if labels.kind.classes == "several":
        return Calibration(sigmoid(answers), np.asarray(targets, dtype=bool))
    return Calibration(softmax(answers).max(1, keepdims=True), (answers.argmax(1) == targets)[:, None])


def _apart(answers: Array, targets: Array, labels: Labels) -> Array:
    answers, targets = _checked(answers, targets, labels)
    return np.asarray(answers[:, 0], dtype=np.float64) - np.asarray(targets, dtype=np.float64)


def _absolute(answers: Array, targets: Array, labels: Labels) -> Array:
    return np.abs(_apart(answers, targets, labels))


def _squared(answers: Array, targets: Array, labels: Labels) -> Array:
    return _apart(answers, targets, labels) ** 2


def _classes(score: Callable[[Array, Array], Any], answers: Array, targets: Array, labels: Labels) -> Drawn:
    """Outputs of classes against the true ones."""
    answers, targets = _checked(answers, targets, labels)
    return Compared(score, np.asarray(answers, dtype=np.float64), np.asarray(targets, dtype=np.int64))


def _numbers(
    score: Callable[[Array, Array], Any], varied: bool, answers: Array, targets: Array, labels: Labels
) -> Drawn:
    """Numbers against the true ones; see `Compared`."""
    answers, targets = _checked(answers, targets, labels)
    return Compared(score, np.asarray(answers[:, 0], dtype=np.float64), np.asarray(targets, dtype=np.float64), varied)


def late(name: str, of: Callable[[Any], Any] | None = None) -> Callable[[Any, Array | None], Any]:
    """A function of `tunebook.stats.intervals`, which is imported where an interval is wanted: with SciPy.

    Args:
        of: makes what it takes of what each row adds.
    """

    def interval(parts: Any, groups: Array | None) -> Any:
        found = getattr(import_module("tunebook.stats.intervals"), name)
        return found(of(parts) if of else parts, groups)

    return interval


_confusion = {
    name: partial(_of_confusion, score)
    for name, score in {
        "macro_f1": by_count.macro_f1,
        "weighted_f1": by_count.weighted_f1,
        "macro_precision": by_count.macro_precision,
        "macro_recall": by_count.macro_recall,
        "mcc": by_count.mcc,
    }.items()
}
_ACCURACY = Metric("accuracy", _right, interval=late("of_right"))
_MACRO_F1 = Metric("macro_f1", _cells, _confusion["macro_f1"], interval=late("of_macro_f1"))
_SPEARMAN = Metric(
    "spearman", partial(_numbers, spearman, True), low=-1, interval=late("of_spearman"), compares=True
)  # fmt: skip
_MAE = Metric("mae", _absolute, better="less", unit="own", high=inf, interval=late("of_mean"))
_ECE = Metric("ece", _calibration, better="less", interval=late("of_calibration"))
METRICS: dict[str, tuple[Metric, ...]] = {
    "single_label": (
        _ACCURACY,
        _MACRO_F1,
        Metric("micro_f1", _right, interval=late("of_right")),
        Metric("weighted_f1", _cells, _confusion["weighted_f1"]),
        Metric("macro_precision", _cells, _confusion["macro_precision"]),
        Metric("macro_recall", _cells, _confusion["macro_recall"]),
        Metric("mcc", _cells, _confusion["mcc"], low=-1, interval=late("of_mcc")),
        Metric("auc", partial(_classes, single_label_auc), interval=late("of_area"), compares=True),
        _ECE,
        Metric("log_loss", _log_loss, better="less", unit="own", high=inf),
    ),
    "multi_label": (
        Metric("micro_f1", _decisions, partial(_of_decisions, by_count.micro_f1), interval=late("of_micro_f1")),
        Metric("macro_f1", _decisions, partial(_of_decisions, by_count.macro_f1), interval=late("of_macro_f1")),
        _ACCURACY,
        Metric("hamming", _each_right),
        Metric("auc", partial(_classes, macro_auc), interval=late("of_area"), compares=True),
        Metric("lrap", partial(_classes, label_ranking)),
        _ECE,
    ),
    "regression": (
        _SPEARMAN,
        Metric(
            "pearson", partial(_numbers, pearson, True), low=-1, interval=late("of_pearson"), compares=True
        ),
        Metric("r2", partial(_numbers, explained, False), low=-inf),
        Metric("mse", _squared, better="less", unit="own", high=inf, interval=late("of_mean")),
        Metric("rmse", partial(_numbers, root_error, False), better="less", unit="own", high=inf),
        _MAE,
    ),
    "ordinal": (
        Metric("qwk", _cells, _kappa, low=-1, interval=late("of_kappa")),
        _ACCURACY,
        _MACRO_F1,
        _SPEARMAN,
        _MAE,
    ),
}  # fmt: skip


__all__ = ["METRICS", "decided", "found", "late", "present"]
