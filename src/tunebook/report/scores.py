"""The part of a report on scores: metrics beside baselines, with their intervals and what to mind."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from tunebook.core.messages import say
from tunebook.core.nouns import Report
from tunebook.core.words import baseline_name, is_share, metric_name, score_text, sign_of
from tunebook.report.plots.intervals import Dot, dot_plot


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


def headline_plot(report: Report) -> Markup | None:
    """Scores that have an interval and a common scale, with the baselines; None where there are none."""
    lines = []
    for name, interval in report.intervals.items():
        if not is_share(name) or sign_of(name) < 0:
            continue
        reached = {baseline_name(key): scores[name] for key, scores in report.baselines.items() if name in scores}
        known = {key: value for key, value in reached.items() if value == value}
        lines.append(Dot(metric_name(name), interval.value, interval.low, interval.high, known))
    if not lines:
        return None
    lines.sort(key=lambda line: line.label != metric_name(report.headline))
    names = [baseline_name(key) for key in report.baselines]
    return dot_plot(say("report.plot.scores"), say("report.this_run"), lines, names)


__all__ = ["all_notes", "headline_plot", "score_rows"]
