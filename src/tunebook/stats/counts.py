"""Scores that need only counts: what was right, what was true, what was predicted, class by class.

Every array may carry leading dimensions, so that one call scores thousands of resamples at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Counts:
    """Class counts of a set of rows, or of many resamples of it.

    Attributes:
        right: rows of a class that were predicted as it; shape (..., C).
        true: rows of a class; shape (..., C).
        predicted: rows predicted as a class; shape (..., C).
        rows: number of rows; shape (...).
    """

    right: Array
    true: Array
    predicted: Array
    rows: Array

    @property
    def present(self) -> Array:
        """Classes that are true or predicted somewhere; the others have no score and stay out of macro means."""
        return np.asarray(self.true + self.predicted > 0)


def confusion_matrix(targets: Array, predicted: Array, classes: int) -> NDArray[np.int64]:
    """Counts of shape (classes, classes): rows are true classes, columns predicted ones."""
    cells = np.asarray(targets, dtype=np.int64) * classes + np.asarray(predicted, dtype=np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


def counts_of_confusion(confusion: Array) -> Counts:
    """Counts of confusion matrices of shape (..., C, C)."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    true = confusion.sum(axis=-1)
    return Counts(right, true, confusion.sum(axis=-2), true.sum(axis=-1))


def counts_of_decisions(decisions: Array, targets: Array) -> Counts:
    """Counts of yes-or-no decisions and targets, both of shape (N, C)."""
    yes, true = np.asarray(decisions, dtype=bool), np.asarray(targets, dtype=bool)
    return Counts((yes & true).sum(0), true.sum(0), yes.sum(0), np.asarray(len(yes)))


def share(part: Array, whole: Array) -> Array:
    """part / whole, and 0 where the whole is 0."""
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    return np.divide(part, whole, out=np.zeros(np.broadcast_shapes(part.shape, whole.shape)), where=whole > 0)


def precision(counts: Counts) -> Array:
    """Right / predicted of each class, 0 for a class that is never predicted; shape (..., C)."""
    return share(counts.right, counts.predicted)


def recall(counts: Counts) -> Array:
    """Right / true of each class, 0 for a class without rows; shape (..., C)."""
    return share(counts.right, counts.true)


def f1(counts: Counts) -> Array:
    """Harmonic mean of precision and recall of each class, 0 where both are 0; shape (..., C)."""
    return share(2 * counts.right, counts.true + counts.predicted)


def macro(values: Array, counts: Counts) -> Array:
    """Plain mean over the classes that are present; shape (...)."""
    return share(np.where(counts.present, values, 0.0).sum(-1), counts.present.sum(-1))


def macro_f1(counts: Counts) -> Array:
    """Plain mean of the F1 of all classes that are present; shape (...)."""
    return macro(f1(counts), counts)


def micro_f1(counts: Counts) -> Array:
    """F1 of all decisions together; equals accuracy where every row has one label; shape (...)."""
    return share(2 * counts.right.sum(-1), counts.true.sum(-1) + counts.predicted.sum(-1))


def weighted_f1(counts: Counts) -> Array:
    """Mean of the F1 of the classes, weighted by their true rows; shape (...)."""
    return share((f1(counts) * counts.true).sum(-1), counts.true.sum(-1))


def macro_precision(counts: Counts) -> Array:
    """Plain mean of the precision of all classes that are present; shape (...)."""
    return macro(precision(counts), counts)


def macro_recall(counts: Counts) -> Array:
    """Plain mean of the recall of all classes that are present; shape (...)."""
    return macro(recall(counts), counts)


def mcc(counts: Counts) -> Array:
    """Matthews correlation for any number of classes, 0 where all rows are, or are given, one class; shape (...).

    Source: Gorodkin, Comparing two K-category assignments by a K-category correlation coefficient, 2004.
    """
    true, predicted = np.asarray(counts.true, float), np.asarray(counts.predicted, float)
    rows = np.asarray(counts.rows, float)
    above = counts.right.sum(-1) * rows - (true * predicted).sum(-1)
    below = (rows**2 - (predicted**2).sum(-1)) * (rows**2 - (true**2).sum(-1))
    return share(above, np.sqrt(below))


def quadratic_kappa(confusion: Array) -> Array:
    """Cohen's kappa with squared distances as weights, of confusion matrices (..., C, C).

    NaN where truth and prediction are both the same single class: there is nothing to agree on.
    """
    levels = np.arange(confusion.shape[-1], dtype=float)
    distance = (levels[:, None] - levels[None, :]) ** 2
    true, predicted = confusion.sum(-1, dtype=float), confusion.sum(-2, dtype=float)
    seen = (confusion * distance).sum((-2, -1)) * true.sum(-1)
    expected = (true[..., :, None] * predicted[..., None, :] * distance).sum((-2, -1))
    return np.where(expected > 0, 1 - share(seen, expected), np.nan)


def per_class(
    counts: Counts, names: list[str], ends: Mapping[str, Mapping[str, float]] | None = None
) -> dict[str, dict[str, float]]:
    """Class name -> precision, recall, f1, support, from the counts of a confusion matrix or of decisions.

    `ends` hold what else there is to say of each class, such as the ends of intervals.
    """
    columns = {
        "precision": precision(counts),
        "recall": recall(counts),
        "f1": f1(counts),
        "support": counts.true,
    }
    return {
        name: {
            **{column: float(values[place]) for column, values in columns.items()},
            **(ends or {}).get(name, {}),
        }
        for place, name in enumerate(names)
    }


__all__ = [
    "Counts",
    "confusion_matrix",
    "counts_of_confusion",
    "counts_of_decisions",
    "f1",
    "macro",
    "macro_f1",
    "macro_precision",
    "macro_recall",
    "mcc",
    "micro_f1",
    "per_class",
    "precision",
    "quadratic_kappa",
    "recall",
    "share",
    "weighted_f1",
]
