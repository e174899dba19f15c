"""How answers of classification and regression heads are read and scored, whatever the model reads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.kinds import either, unknown_kind
from tunebook.core.nouns import Labels
from tunebook.metrics.calibration import sigmoid, softmax
from tunebook.metrics.classification import (
    multi_label_bins,
    multi_label_scores,
    per_class,
    single_label_bins,
    single_label_scores,
)
from tunebook.metrics.counts import confusion_matrix, counts_of_confusion, counts_of_decisions
from tunebook.metrics.regression import nearest_level, ordinal_scores, regression_scores
from tunebook.tasks.label_intervals import class_ends, notes

Array = NDArray[Any]

MORE_IS_BETTER: dict[str, tuple[str, ...]] = {
    "single_label": (
        "accuracy",
        "macro_f1",
        "micro_f1",
        "weighted_f1",
        "macro_precision",
        "macro_recall",
        "mcc",
        "auc",
    ),
    "multi_label": ("micro_f1", "macro_f1", "accuracy", "hamming", "auc", "lrap"),
    "regression": ("spearman", "pearson", "r2"),
    "ordinal": ("qwk", "accuracy", "macro_f1", "spearman"),
}
_POINTS = 2000  # of a scatter plot


def scores(logits: Array, targets: Array, labels: Labels) -> dict[str, float]:
    """Metric -> value, on logits (N, outputs) and targets."""
    if labels.problem == "single_label":
        return single_label_scores(logits, targets)
    if labels.problem == "multi_label":
        return multi_label_scores(logits, targets)
    if labels.problem == "ordinal":
        return ordinal_scores(logits[:, 0], targets, len(labels.names))
    if labels.problem == "regression":
        return regression_scores(logits[:, 0], targets)
    raise unknown_kind(labels.problem, *MORE_IS_BETTER)


def detail(logits: Array, targets: Array, labels: Labels, groups: Array | None = None) -> dict[str, Any]:
    """`per_class`, `confusion`, `extra` and `interval_notes` of a report: what there is for this kind of labels."""
    told = {"interval_notes": notes(logits, targets, labels, groups)}
    if labels.problem == "regression":
        return {"extra": {"scatter": _scatter(logits, targets)}, **told}
    ends = class_ends(logits, targets, labels, groups)
    if labels.problem == "multi_label":
        counts = counts_of_decisions(sigmoid(logits) > 0.5, np.asarray(targets, dtype=bool))
        bins = [bin.__dict__ for bin in multi_label_bins(logits, targets)]
        return {"per_class": per_class(counts, labels.names, ends), "extra": {"reliability": bins}, **told}
    ordinal = either(labels.problem, ["ordinal"], ["single_label"])
    predicted = nearest_level(logits[:, 0], len(labels.names)) if ordinal else logits.argmax(1)
    confusion = confusion_matrix(np.asarray(targets, dtype=np.int64), predicted, len(labels.names))
    extra = {} if ordinal else {"reliability": [bin.__dict__ for bin in single_label_bins(logits, targets)]}
    return {
        "per_class": per_class(counts_of_confusion(confusion), labels.names, ends),
        "confusion": confusion.tolist(),
        "extra": {**extra, **({"scatter": _scatter(logits, targets)} if ordinal else {})},
        **told,
    }


def _scatter(logits: Array, targets: Array) -> list[list[float]]:
    rows = np.linspace(0, len(targets) - 1, min(len(targets), _POINTS)).astype(int)
    return [[float(targets[row]), float(logits[row, 0])] for row in rows]


def answers(logits: Array, labels: Labels) -> list[dict[str, Any]]:
    """Each row's `label` (a list for several labels, a number for regression), `score` and `scores` of the classes."""
    if labels.problem == "single_label":
        return [_best(row, labels) for row in softmax(logits)]
    if labels.problem == "multi_label":
        return [_several(row, labels) for row in sigmoid(logits)]
    if labels.problem == "regression":
        return [{"label": float(row[0]), "score": float(row[0]), "scores": {}} for row in logits]
    if labels.problem == "ordinal":
        levels = nearest_level(logits[:, 0], len(labels.names))
        return [
            {"label": labels.names[level], "score": float(row[0]), "scores": {}}
            for row, level in zip(logits, levels, strict=True)
        ]
    raise unknown_kind(labels.problem, *MORE_IS_BETTER)


def _best(row: Array, labels: Labels) -> dict[str, Any]:
    given = _scores(row, labels)
    best = labels.names[int(row.argmax())]
    return {"label": best, "score": given[best], "scores": given}


def _several(row: Array, labels: Labels) -> dict[str, Any]:
    given = _scores(row, labels)
    return {
        "label": [name for name, value in given.items() if value > 0.5],
        "score": max(given.values()),
        "scores": given,
    }


def _scores(row: Array, labels: Labels) -> dict[str, float]:
    return {name: float(value) for name, value in zip(labels.names, row, strict=True)}


__all__ = ["MORE_IS_BETTER", "answers", "detail", "scores"]
