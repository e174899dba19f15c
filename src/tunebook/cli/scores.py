"""What a run is worth, on a terminal: the verdict against the baselines first, then the scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tunebook.cli.answer import grid, prose
from tunebook.core.messages import say
from tunebook.core.said import Said

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.nouns import Report

_STYLES = {"better": "green", "unsure": "yellow", "worse": "bold red", "none": ""}
_MARKS = {"better": "✓", "unsure": "?", "worse": "✗", "none": "·"}


def tell_report(screen: Console, report: Report) -> None:
    """Print the verdict and a table of the scores with their intervals and the best baseline of each."""
    from tunebook.core.words import metric_name, phrase
    from tunebook.report.scores import all_notes
    from tunebook.report.verdict import standing

    found = standing(report)
    screen.print(f"{_MARKS[found.outcome]} {found.sentence}", style=_STYLES[found.outcome])
    screen.print()
    title = say("cli.eval.title", split=phrase("split", report.split), rows=report.rows)
    headings = [title, say("cli.value"), say("cli.interval"), *([say("cli.baseline")] if report.baselines else [])]
    lines = [[metric_name(name), *cells] for name, *cells in score_lines(report)]
    screen.print(grid(headings, lines, right=(1,)))
    for note in all_notes(report):
        prose(screen, note, "dim")


def score_lines(report: Report) -> Iterator[list[str]]:
    """Name, value, interval and best baseline of each score that has an interval, the headline first."""
    from tunebook.core.words import baseline_name, score_text

    names = [name for name in (report.headline, *report.intervals) if name in report.metrics]
    for name in dict.fromkeys(names):
        interval = report.intervals.get(name)
        ends = f"{score_text(interval.low)} … {score_text(interval.high)}" if interval else "–"
        line = [name, score_text(report.metrics[name]), ends]
        if report.baselines:
            best = best_of(report, name)
            line.append(f"{score_text(best[1])}  {baseline_name(best[0])}" if best else "–")
        yield line


def best_of(report: Report, metric: str) -> tuple[str, float] | None:
    """The baseline that does best in a metric, and its score."""
    from tunebook.core.words import sign_of

    known = [(name, scores[metric]) for name, scores in report.baselines.items() if scores.get(metric) is not None]
    known = [(name, value) for name, value in known if value == value]  # without NaN
    sign = sign_of(metric)
    return max(known, key=lambda item: sign * item[1], default=None)


def report_data(report: Report) -> dict[str, Any]:
    """The scores for `--json`."""
    return {
        "split": report.split,
        "rows": report.rows,
        "headline": report.headline,
        "metrics": report.metrics,
        "intervals": {name: [item.low, item.high] for name, item in report.intervals.items()},
        "interval_notes": {
            name: [{"code": note.code, **note.fields, "text": str(note)} for note in notes if isinstance(note, Said)]
            for name, notes in report.interval_notes.items()
        },
        "groups": report.groups,
        "per_class": report.per_class,
        "baselines": report.baselines,
    }


__all__ = ["best_of", "report_data", "score_lines", "tell_report"]
