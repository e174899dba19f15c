"""The part of a report on scores: metrics beside baselines, confusion, classes, calibration, mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from tunebook.core.messages import say
from tunebook.core.nouns import Labels, Report
from tunebook.core.words import SHARES, baseline_name, metric_name, number, score_text
from tunebook.report.plots.dots import Dot, dot_plot
from tunebook.report.plots.heatmap import heat_map
from tunebook.report.plots.reliability import reliability_plot
from tunebook.report.plots.scatter import scatter_plot

# Pairs of classes, and mistakes, that a page shows at most.
_PAIRS, _ERRORS = 15, 30
# From this many classes on, pairs say more than the map.
_FEW = 3


def score_rows(report: Report) -> list[dict[str, Any]]:
    """One record a metric: name, value, interval and what each baseline reaches; the headline first."""
    order = sorted(report.metrics, key=lambda name: (name != report.headline, name not in report.intervals))
    return [
        {
            "name": metric_name(name),
            "headline": name == report.headline,
            "value": score_text(report.metrics[name]),
            "interval": _ends(report, name),
            "baselines": [score_text(scores.get(name)) for scores in report.baselines.values()],
        }
        for name in order
    ]


def _ends(report: Report, name: str) -> str:
    interval = report.intervals.get(name)
    return f"{score_text(interval.low)} – {score_text(interval.high)}" if interval else "–"


def all_notes(report: Report) -> list[str]:
    """One line for all that is to be minded, with the names of the scores that it is about."""
    of: dict[str, list[str]] = {}
    for name, notes in report.interval_notes.items():
        for note in notes:
            of.setdefault(str(note), []).append(metric_name(name))
    groups = [say("report.in_groups", count=report.groups)] if report.groups else []
    return groups + [say("report.noted", metrics=", ".join(names), note=note) for note, names in of.items()]


def class_rows(report: Report) -> list[tuple[str, list[dict[str, Any]]]]:
    """Each class with the cells of `class_columns`: value, its ends as text, and what the column is sorted by."""
    columns = class_columns(report)
    return [(name, [_class_cell(values, column) for column in columns]) for name, values in report.per_class.items()]


def _class_cell(values: dict[str, float], column: str) -> dict[str, Any]:
    value, low, high = (values.get(name) for name in (column, f"{column}_low", f"{column}_high"))
    text = number(value) if column == "support" and value is not None else score_text(value)
    ends = f"{score_text(low)} – {score_text(high)}" if low is not None and high is not None else ""
    return {"text": text, "ends": ends, "value": value}


def headline_plot(report: Report) -> Markup | None:
    """Scores that have an interval and a common scale, with the baselines; None where there are none."""
    lines = []
    for name, interval in report.intervals.items():
        if name not in SHARES:
            continue
        reached = {baseline_name(key): scores[name] for key, scores in report.baselines.items() if name in scores}
        known = {key: value for key, value in reached.items() if value == value}
        lines.append(Dot(metric_name(name), interval.value, interval.low, interval.high, known))
    if not lines:
        return None
    lines.sort(key=lambda line: line.label != metric_name(report.headline))
    names = [baseline_name(key) for key in report.baselines]
    return dot_plot(say("report.plot.scores"), say("report.this_run"), lines, names)


def confusion_plot(report: Report, labels: Labels) -> Markup | None:
    """The map of confusions; None without counts."""
    if not report.confusion or len(labels.names) != len(report.confusion):
        return None
    axes = (say("report.true"), say("report.predicted"))
    return heat_map(say("report.plot.confusion"), report.confusion, labels.names, axes)


def confused_pairs(report: Report, labels: Labels) -> list[dict[str, Any]]:
    """True class, predicted class, rows and share of the true class, most frequent first; nothing for few classes."""
    if len(labels.names) != len(report.confusion) or len(labels.names) < _FEW:
        return []
    found: list[dict[str, Any]] = [
        {"true": labels.names[i], "predicted": labels.names[j], "count": count, "share": count / sum(row)}
        for i, row in enumerate(report.confusion)
        for j, count in enumerate(row)
        if count and i != j
    ]
    return sorted(found, key=lambda pair: -int(pair["count"]))[:_PAIRS]


def fit_plot(report: Report) -> Markup | None:
    """Predicted against true numbers, from `extra["scatter"]`."""
    points = report.extra.get("scatter")
    if not points:
        return None
    return scatter_plot(say("report.plot.scatter"), points, (say("report.true"), say("report.predicted")))


def calibration_plot(report: Report) -> Markup | None:
    """Reliability, from `extra["reliability"]`."""
    bins = report.extra.get("reliability")
    if not bins or not any(row["count"] for row in bins):
        return None
    return reliability_plot(say("report.plot.reliability"), bins, (say("report.confidence"), say("report.right_share")))


def class_columns(report: Report) -> list[str]:
    """Names of the columns of the table of classes, which hold the ends of their intervals too."""
    names = next(iter(report.per_class.values()), {})
    return [name for name in names if not name.endswith(("_low", "_high"))]


def mistakes(errors: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The mistakes to show, in the order given, labels as text."""
    return [
        {
            "id": shown_label(error.get("id", "")),
            "text": str(error.get("text", "")),
            "pair": error.get("pair"),
            "label": shown_label(error.get("label")),
            "predicted": shown_label(error.get("predicted")),
            "score": score_text(error["score"]) if isinstance(error.get("score"), int | float) else "–",
        }
        for error in errors[:_ERRORS]
    ]


def shown_label(label: Any) -> str:
    """One label, several of them, or a number."""
    if isinstance(label, list | tuple):
        return ", ".join(map(str, label)) or "∅"
    return f"{label:.3g}" if isinstance(label, float) else str(label)


__all__ = [
    "all_notes",
    "calibration_plot",
    "class_columns",
    "class_rows",
    "confused_pairs",
    "confusion_plot",
    "fit_plot",
    "headline_plot",
    "mistakes",
    "score_rows",
    "shown_label",
]
