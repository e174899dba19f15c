"""Scores of classification: one label a row, or several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.metrics import counts as by_count
from tunebook.metrics.calibration import BINS, Bin, calibration_error, log_loss, reliability, sigmoid, softmax
from tunebook.metrics.counts import Counts, confusion_matrix, counts_of_confusion, counts_of_decisions
from tunebook.metrics.ranking import auc, label_ranking, macro_auc
from tunebook.metrics.thresholds import best_thresholds

Array = NDArray[Any]


def single_label_scores(logits: Array, targets: Array) -> dict[str, float]:
    """Scores of rows with one label each.

    Precision and F1 of a class count as 0 where they divide by nothing; classes that are neither true nor predicted
    stay out of the macro means. `auc` is the binary one for two classes, else the mean of one class against the rest
    over the classes that have rows; NaN where no class has an AUC.

    Args:
        logits: head's outputs, shape (N, C).
        targets: class numbers, shape (N,).

    Returns:
        accuracy, macro_f1, micro_f1, weighted_f1, macro_precision, macro_recall, mcc, auc, ece, log_loss.

    Raises:
        ValueError: no rows, or shapes that do not belong together.
    """
    targets = _checked(logits, targets, per_row=True)
    predicted = logits.argmax(1)
    probabilities = softmax(logits)
    counts = counts_of_confusion(confusion_matrix(targets, predicted, logits.shape[1]))
    values: dict[str, Any] = {
        "accuracy": by_count.accuracy(counts),
        "macro_f1": by_count.macro_f1(counts),
        "micro_f1": by_count.micro_f1(counts),
        "weighted_f1": by_count.weighted(by_count.f1(counts), counts),
        "macro_precision": by_count.macro(by_count.precision(counts), counts),
        "macro_recall": by_count.macro(by_count.recall(counts), counts),
        "mcc": by_count.mcc(counts),
        "auc": single_label_auc(logits, targets),
        "ece": calibration_error(probabilities.max(1), predicted == targets),
        "log_loss": log_loss(logits, targets),
    }
    return {name: float(value) for name, value in values.items()}


def single_label_auc(logits: Array, targets: Array, weights: Array | None = None) -> Array:
    """AUC of rows with one label each: binary for two classes, else the mean of each class against the rest.

    `weights` (..., N) say how often each row counts and give one AUC for each resample.
    """
    if logits.shape[1] == 2:
        return auc(np.asarray(logits, dtype=np.float64) @ np.array([-1.0, 1.0]), targets == 1, weights)
    return macro_auc(softmax(logits), np.eye(logits.shape[1], dtype=bool)[targets], weights)


def multi_label_scores(logits: Array, targets: Array, thresholds: float | Array = 0.5) -> dict[str, float]:
    """Scores of rows with any number of labels each.

    Args:
        logits: head's outputs, shape (N, C).
        targets: 0 and 1, shape (N, C).
        thresholds: probability above which a label is given: one for all classes or one for each, shape (C,).

    Returns:
        micro_f1, macro_f1, accuracy (all labels of a row right), hamming (share of single decisions that are
        right), auc (mean over the classes that have one), lrap, ece (over all decisions, probability against share
        of true labels).

    Raises:
        ValueError: no rows, or shapes that do not belong together.
    """
    targets = _checked(logits, targets, per_row=False)
    probabilities = sigmoid(logits)
    decisions = probabilities > thresholds
    counts = counts_of_decisions(decisions, targets)
    values: dict[str, Any] = {
        "micro_f1": by_count.micro_f1(counts),
        "macro_f1": by_count.macro_f1(counts),
        "accuracy": (decisions == targets).all(1).mean(),
        "hamming": (decisions == targets).mean(),
        "auc": macro_auc(np.asarray(logits, dtype=np.float64), targets),
        "lrap": label_ranking(logits, targets),
        "ece": calibration_error(probabilities.ravel(), targets.ravel()),
    }
    return {name: float(value) for name, value in values.items()}


def per_class(
    counts: Counts, names: list[str], ends: Mapping[str, Mapping[str, float]] | None = None
) -> dict[str, dict[str, float]]:
    """Class name -> precision, recall, f1, support, from the counts of a confusion matrix or of decisions.

    `ends` hold what else there is to say of each class, such as the ends of intervals.
    """
    columns = {
        "precision": by_count.precision(counts),
        "recall": by_count.recall(counts),
        "f1": by_count.f1(counts),
        "support": counts.true,
    }
    return {
        name: {
            **{column: float(values[place]) for column, values in columns.items()},
            **(ends or {}).get(name, {}),
        }
        for place, name in enumerate(names)
    }


def top_k_accuracy(logits: Array, targets: Array, k: int) -> float:
    """Share of rows whose true class is among the k highest logits; of equal logits the first class goes first."""
    targets = _checked(logits, targets, per_row=True)
    own = logits[np.arange(len(targets)), targets][:, None]
    earlier = np.arange(logits.shape[1])[None, :] < targets[:, None]
    before = (logits > own) | ((logits == own) & earlier)
    return float((before.sum(1) < k).mean())


def single_label_bins(logits: Array, targets: Array, bins: int = BINS) -> list[Bin]:
    """Reliability of the confidence in the predicted class; logits (N, C), targets (N,)."""
    return reliability(softmax(logits).max(1), logits.argmax(1) == targets, bins)


def multi_label_bins(logits: Array, targets: Array, bins: int = BINS) -> list[Bin]:
    """Reliability of the probability of every single label; logits and targets (N, C)."""
    return reliability(sigmoid(logits).ravel(), np.asarray(targets).ravel(), bins)


def _checked(logits: Array, targets: Array, per_row: bool) -> Array:
    expected = logits.shape[:1] if per_row else logits.shape
    if logits.ndim != 2 or np.shape(targets) != expected or not len(logits):
        raise ValueError(f"logits of shape {logits.shape} and targets of shape {np.shape(targets)} cannot be scored")
    return np.asarray(targets, dtype=np.int64 if per_row else bool)


__all__ = [
    "BINS",
    "Bin",
    "Counts",
    "auc",
    "best_thresholds",
    "calibration_error",
    "confusion_matrix",
    "counts_of_confusion",
    "counts_of_decisions",
    "label_ranking",
    "log_loss",
    "macro_auc",
    "multi_label_bins",
    "multi_label_scores",
    "per_class",
    "reliability",
    "sigmoid",
    "single_label_auc",
    "single_label_bins",
    "single_label_scores",
    "softmax",
    "top_k_accuracy",
]
