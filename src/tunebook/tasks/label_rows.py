"""Scores row by row, and scores of any selection of rows: what comparisons of models resample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.kinds import CLASSES, NUMBERS, either, unknown_kind
from tunebook.core.nouns import Labels
from tunebook.metrics import counts as by_count
from tunebook.metrics.calibration import BINS, sigmoid, softmax
from tunebook.metrics.classification import single_label_auc
from tunebook.metrics.ranking import label_ranking, macro_auc
from tunebook.metrics.regression import nearest_level, pearson, spearman

Array = NDArray[Any]
Scorer = Callable[[NDArray[np.int64]], float]
_OF_COUNTS: dict[str, Callable[[by_count.Counts], Array]] = {
    "macro_f1": by_count.macro_f1,
    "micro_f1": by_count.micro_f1,
    "weighted_f1": lambda counts: by_count.weighted(by_count.f1(counts), counts),
    "macro_precision": lambda counts: by_count.macro(by_count.precision(counts), counts),
    "macro_recall": lambda counts: by_count.macro(by_count.recall(counts), counts),
    "mcc": by_count.mcc,
}


def row_scores(logits: Array, targets: Array, labels: Labels, metric: str) -> Array | None:
    """Score of each row, shape (N,), of a metric that is their mean; None for one that is no such mean.

    A row whose logits are not finite scores 0.

    Args:
        metric: `accuracy` (several labels: all of them right), `micro_f1` of single labels, `hamming`.

    Raises:
        PlanError: `labels.kind`: no such labels.
    """
    if labels.problem == "multi_label" and metric in ("accuracy", "hamming"):
        right = (sigmoid(np.nan_to_num(logits)) > 0.5) == np.asarray(targets, dtype=bool)
        rows = right.all(1) if metric == "accuracy" else right.mean(1)
        return np.asarray(rows * np.isfinite(logits).all(1), dtype=np.float64)
    if labels.problem not in (*CLASSES, *NUMBERS):
        raise unknown_kind(labels.problem, *CLASSES, *NUMBERS)
    single = labels.problem == "single_label" and metric in ("accuracy", "micro_f1")
    if single or (labels.problem == "ordinal" and metric == "accuracy"):
        return np.asarray(_predicted(logits, targets, labels) == targets, dtype=np.float64)
    return None


def scorer(logits: Array, targets: Array, labels: Labels, metric: str) -> Scorer:
    """A metric as a function of row numbers (drawn with replacement, say), quick enough for thousands of calls.

    It is NaN where the targets leave no score (an AUC of rows of one class), and 0 where the answers do: they are not
    finite, or all alike under a correlation. `ece` is the calibration error, 1 where an answer is not finite.

    Raises:
        KeyError: no such metric for these labels. PlanError: `labels.kind`: no such labels.
    """
    rows = row_scores(logits, targets, labels, metric)
    if rows is not None:
        return lambda chosen: float(rows[chosen].mean())
    if metric == "ece":
        return _calibration(logits, targets, labels)
    return _numbers(logits, targets, labels, metric) or _counted(logits, targets, labels, metric)


def _predicted(logits: Array, targets: Array, labels: Labels) -> Array:
    """Class of each row; a row whose logits are not finite gets one that is wrong."""
    finite = np.isfinite(logits).all(1)
    known = np.nan_to_num(logits)
    ordinal = either(labels.problem, ["ordinal"], ["single_label"])
    predicted = nearest_level(known[:, 0], len(labels.names)) if ordinal else known.argmax(1)
    wrong = (np.asarray(targets, dtype=np.int64) + 1) % len(labels.names)
    return np.where(finite, predicted, wrong)


def _numbers(logits: Array, targets: Array, labels: Labels, metric: str) -> Scorer | None:
    """Scores that look at the logits themselves."""
    answers, truth = np.asarray(logits, dtype=np.float64), np.asarray(targets)
    if metric in _OF_COUNTS or metric == "qwk":
        return None
    if not np.isfinite(answers).all():
        return lambda rows: 0.0
    if metric in ("spearman", "pearson"):
        return _linked(spearman if metric == "spearman" else pearson, answers[:, 0], truth.astype(np.float64))
    several = labels.problem == "multi_label"
    known: dict[str, Scorer] = {
        "r2": lambda rows: _explained(answers[rows, 0], truth[rows].astype(np.float64)),
        "lrap": lambda rows: label_ranking(answers[rows], truth[rows]),
        "auc": lambda rows: float((macro_auc if several else single_label_auc)(answers[rows], truth[rows])),
    }
    return known[metric]


def _linked(link: Callable[[Array, Array], Array], predicted: Array, truth: Array) -> Scorer:
    """A correlation: answers that are all alike have none, which is 0."""

    def score(rows: NDArray[np.int64]) -> float:
        chosen = predicted[rows]
        return float(link(chosen, truth[rows])) if (chosen != chosen[0]).any() else 0.0

    return score


def _explained(predicted: Array, truth: Array) -> float:
    spread = float(((truth - truth.mean()) ** 2).mean())
    return 1 - float(((predicted - truth) ** 2).mean()) / spread if spread > 0 else float("nan")


def _counted(logits: Array, targets: Array, labels: Labels, metric: str) -> Scorer:
    """Scores of counts of decisions."""
    if labels.problem == "multi_label":
        true = np.asarray(targets, dtype=bool)
        said = sigmoid(np.nan_to_num(logits)) > 0.5
        finite = np.isfinite(logits).all(axis=1, keepdims=True)
        yes = np.where(finite, said, ~true)
        score = _OF_COUNTS[metric]
        return lambda rows: float(score(by_count.counts_of_decisions(yes[rows], true[rows])))
    predicted, classes = _predicted(logits, targets, labels), len(labels.names)
    truth = np.asarray(targets, dtype=np.int64)
    if metric == "qwk":
        return lambda rows: float(
            by_count.quadratic_kappa(by_count.confusion_matrix(truth[rows], predicted[rows], classes))
        )
    of = _OF_COUNTS[metric]
    return lambda rows: float(
        of(by_count.counts_of_confusion(by_count.confusion_matrix(truth[rows], predicted[rows], classes)))
    )


def _calibration(logits: Array, targets: Array, labels: Labels) -> Scorer:
    """Expected calibration error, with the bins of the rows found beforehand."""
    if not either(labels.problem, CLASSES, NUMBERS):
        raise KeyError("ece")
    if not np.isfinite(logits).all():
        return lambda rows: 1.0
    if labels.problem == "single_label":
        confidence, right = (
            softmax(logits).max(1, keepdims=True),
            np.asarray(logits.argmax(1) == targets).reshape(-1, 1),
        )
    else:
        confidence, right = sigmoid(logits), np.asarray(targets, dtype=bool)
    place = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    gap = confidence - right

    def score(rows: NDArray[np.int64]) -> float:
        sums = np.bincount(place[rows].ravel(), weights=gap[rows].ravel(), minlength=BINS)
        return float(np.abs(sums).sum() / (len(rows) * place.shape[1]))

    return score


__all__ = ["Scorer", "row_scores", "scorer"]
