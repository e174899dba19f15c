"""How answers of classification and regression heads are read and scored, whatever the model reads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.calibrates import Chances
from tunebook.core.errors import PlanError
from tunebook.core.localized import Localized, localized
from tunebook.core.metric import intervals
from tunebook.core.nouns import Labels
from tunebook.stats.calibration import reliability, sigmoid, softmax
from tunebook.stats.counts import confusion_matrix, counts_of_confusion, counts_of_decisions, per_class
from tunebook.tasks.label_metrics import METRICS, decided, present

Array = NDArray[Any]
_NAMED = 5  # classes, in a note
_POINTS = 2000  # of a scatter plot


def detail(logits: Array, targets: Array, labels: Labels, groups: Array | None = None) -> dict[str, Any]:
    """`per_class`, `confusion`, `extra` and `interval_notes` of a report: what there is for this kind of labels."""
    told = {"interval_notes": notes(logits, targets, labels, groups)}
    if labels.kind.classes == "none":
        return {"extra": {"scatter": _scatter(logits, targets)}, **told}
    ends = class_ends(logits, targets, labels, groups)
    if labels.kind.classes == "several":
        counts = counts_of_decisions(decided(logits, labels), np.asarray(targets, dtype=bool))
        bins = _bins(sigmoid(logits).ravel(), np.asarray(targets).ravel())
        return {"per_class": per_class(counts, labels.names, ends), "extra": {"reliability": bins}, **told}
    ordinal = labels.kind.classes == "ordered"
    predicted = decided(logits, labels)
    confusion = confusion_matrix(np.asarray(targets, dtype=np.int64), predicted, len(labels.names))
    extra = {} if ordinal else {"reliability": _bins(softmax(logits).max(1), predicted == targets)}
    return {
        "per_class": per_class(counts_of_confusion(confusion), labels.names, ends),
        "confusion": confusion.tolist(),
        "extra": {**extra, **({"scatter": _scatter(logits, targets)} if ordinal else {})},
        **told,
    }


def _bins(confidence: Array, right: Array) -> list[dict[str, float]]:
    return [bin.__dict__ for bin in reliability(confidence, right)]


def chances(answers: Array, targets: Array, labels: Labels) -> Chances:
    """Logits of rows beside what is true, of classes.

    Raises:
        PlanError: `calibrate.numbers`, of numbers and ordered classes, whose one output is no probability.
    """
    link = labels.kind.link
    if link == "identity":
        raise PlanError("calibrate.numbers", key="calibrate", value=labels.problem)
    true = np.asarray(targets, dtype=np.float64 if link == "sigmoid" else np.int64)
    return Chances(np.asarray(answers, dtype=np.float64), true, np.arange(len(answers)), link)


def class_ends(
    logits: Array, targets: Array, labels: Labels, groups: Array | None = None
) -> dict[str, dict[str, float]]:
    """Class -> `precision_low`, `precision_high` and so on; a share of no rows has no ends."""
    from tunebook.stats.bootstrap import Units
    from tunebook.stats.intervals import class_intervals

    true, given = _yes(logits, targets, labels)
    found = class_intervals(true, given, Units.of(len(true), groups))
    return {
        name: {
            f"{score}_{side}": float(ends[place])
            for score, both in found.items()
            for side, ends in zip(("low", "high"), both, strict=True)
            if not np.isnan(ends[place])
        }
        for place, name in enumerate(labels.names)
    }


def notes(logits: Array, targets: Array, labels: Labels, groups: Array | None = None) -> dict[str, list[Localized]]:
    """Metric -> why its interval may hold the true value less often than it says; nothing for those that keep it."""
    from tunebook.stats.intervals import FEW_GROUPS, FEW_ROWS

    found: dict[str, list[Localized]] = {}
    if labels.kind.classes != "none":
        true, given = _yes(logits, targets, labels)
        rows = true.sum(0)
        few = _named(labels.names, rows, rows < FEW_ROWS)
        for metric in ("macro_f1", *(["qwk"] if labels.kind.classes == "ordered" else [])) if few else ():
            found[metric] = [localized("intervals.few_rows", classes=few, least=FEW_ROWS)]
        largest = int(rows.argmax())
        rest = min(len(true) - int(rows[largest]), len(true) - int(given.sum(0).max()))
        if labels.kind.classes == "one" and rest < FEW_ROWS:
            others = np.arange(len(rows)) != largest
            found["mcc"] = [
                localized("intervals.few_answers", classes=_named(labels.names, rows, others), least=FEW_ROWS)
            ]
    count = len(np.unique(groups)) if groups is not None else FEW_GROUPS
    if count < FEW_GROUPS:
        for metric in intervals(METRICS[labels.problem], logits, targets, labels, groups):
            found.setdefault(metric, []).append(localized("intervals.few_groups", count=count, least=FEW_GROUPS))
    return found


def _yes(logits: Array, targets: Array, labels: Labels) -> tuple[Array, Array]:
    """Which classes are true of each row, and which are given to it; yes or no, both (N, C)."""
    given = decided(logits, labels)
    return present(targets, labels) > 0, given if given.ndim == 2 else np.eye(len(labels.names), dtype=bool)[given]


def _named(names: list[str], rows: Array, chosen: Array) -> str:
    """Classes with their rows, the fewest first; empty for none."""
    order = [place for place in np.argsort(rows, kind="stable") if chosen[place]]
    parts = [f"{names[place]} ({int(rows[place])})" for place in order[:_NAMED]]
    return ", ".join(parts) + (" …" if len(order) > _NAMED else "")


def _scatter(logits: Array, targets: Array) -> list[list[float]]:
    rows = np.linspace(0, len(targets) - 1, min(len(targets), _POINTS)).astype(int)
    return [[float(targets[row]), float(logits[row, 0])] for row in rows]


__all__ = ["chances", "class_ends", "detail", "notes"]
