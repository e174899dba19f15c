"""How far the scores of classification and regression heads can be believed: their intervals, and what to mind."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.kinds import either, unknown_kind
from tunebook.core.nouns import Interval, Labels
from tunebook.core.said import Said, said
from tunebook.metrics.calibration import sigmoid
from tunebook.metrics.regression import nearest_level

Array = NDArray[Any]
_NAMED = 5  # classes, in a note


def intervals(logits: Array, targets: Array, labels: Labels, groups: Array | None = None) -> dict[str, Interval]:
    """Headline metric -> value with the ends of its 95 % interval; `groups` (N,) were drawn as wholes."""
    from tunebook.stats import intervals as of

    if labels.problem == "single_label":
        return of.classification_intervals(logits, targets, groups)
    if labels.problem == "multi_label":
        return of.multi_label_intervals(logits, targets, groups=groups)
    if labels.problem == "ordinal":
        return of.ordinal_intervals(logits[:, 0], targets, len(labels.names), groups)
    if labels.problem == "regression":
        return of.regression_intervals(logits[:, 0], targets, groups)
    raise unknown_kind(labels.problem, "single_label", "multi_label", "regression", "ordinal")


def class_ends(
    logits: Array, targets: Array, labels: Labels, groups: Array | None = None
) -> dict[str, dict[str, float]]:
    """Class -> `precision_low`, `precision_high` and so on; a share of no rows has no ends."""
    from tunebook.stats.intervals import class_intervals
    from tunebook.stats.units import Units

    true, given = decisions(logits, targets, labels)
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


def notes(logits: Array, targets: Array, labels: Labels, groups: Array | None = None) -> dict[str, list[Said]]:
    """Metric -> why its interval may hold the true value less often than it says; nothing for those that keep it."""
    from tunebook.stats.intervals import FEW_GROUPS, FEW_ROWS

    found: dict[str, list[Said]] = {}
    if either(labels.problem, ["single_label", "multi_label", "ordinal"], ["regression"]):
        true, given = decisions(logits, targets, labels)
        rows = true.sum(0)
        few = _named(labels.names, rows, rows < FEW_ROWS)
        for metric in ("macro_f1", *(["qwk"] if labels.problem == "ordinal" else [])) if few else ():
            found[metric] = [said("intervals.few_rows", classes=few, least=FEW_ROWS)]
        largest = int(rows.argmax())
        rest = min(len(true) - int(rows[largest]), len(true) - int(given.sum(0).max()))
        if labels.problem == "single_label" and rest < FEW_ROWS:
            others = np.arange(len(rows)) != largest
            found["mcc"] = [said("intervals.few_answers", classes=_named(labels.names, rows, others), least=FEW_ROWS)]
    count = len(np.unique(groups)) if groups is not None else FEW_GROUPS
    if count < FEW_GROUPS:
        for metric in intervals(logits, targets, labels, groups):
            found.setdefault(metric, []).append(said("intervals.few_groups", count=count, least=FEW_GROUPS))
    return found


def decisions(logits: Array, targets: Array, labels: Labels) -> tuple[Array, Array]:
    """Which classes are true of each row, and which are given to it; yes or no, both (N, C)."""
    if labels.problem == "multi_label":
        return np.asarray(targets, dtype=bool), sigmoid(logits) > 0.5
    eye = np.eye(len(labels.names), dtype=bool)
    ordinal = either(labels.problem, ["ordinal"], ["single_label"])
    given = nearest_level(logits[:, 0], len(labels.names)) if ordinal else logits.argmax(1)
    return eye[np.asarray(targets, dtype=np.int64)], eye[given]


def _named(names: list[str], rows: Array, chosen: Array) -> str:
    """Classes with their rows, the fewest first; empty for none."""
    order = [place for place in np.argsort(rows, kind="stable") if chosen[place]]
    parts = [f"{names[place]} ({int(rows[place])})" for place in order[:_NAMED]]
    return ", ".join(parts) + (" …" if len(order) > _NAMED else "")


__all__ = ["class_ends", "decisions", "intervals", "notes"]
