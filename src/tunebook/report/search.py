"""The pages of a search and of a learning-rate range test: one HTML file each that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from tunebook.core.formatting import duration, metric_name, score_text, shown
from tunebook.core.messages import say
from tunebook.report.page import write_page
from tunebook.report.plots.bars import share_plot
from tunebook.report.plots.searches import Path as Line
from tunebook.report.plots.searches import Point, Ruler, Tried, parallel_plot, slice_plot, trials_plot
from tunebook.report.svg import Frame, element, legend, picture, words

if TYPE_CHECKING:
    from tunebook.verbs.steps.find import RateFound
    from tunebook.verbs.trials.result import SearchResult
    from tunebook.verbs.trials.space import Axis
    from tunebook.verbs.trials.study import SearchSpec, TrialRecord


_LEAST = 5  # complete trials for each row below which importances are called a matter of chance
_WIDTH, _HEIGHT = 560.0, 320.0


def write_search_report(
    folder: Path, spec: SearchSpec, records: Sequence[TrialRecord], result: SearchResult, importance: dict[str, float]
) -> Path:
    """Write `report.html` into a folder: the best trial, the course, importance, slices, all trials, limits."""
    complete = [record for record in records if record.score is not None]
    rulers = [_ruler(axis, complete) for axis in spec.space.axes]
    metric = metric_name(spec.metric)
    return write_page(
        folder / "report.html",
        "search.html.j2",
        result=result,
        sentence=_sentence(result, metric),
        facts=_facts(spec, records, metric),
        best=_best_rows(spec, records, result),
        history=_history(records, metric),
        importance=share_plot(say("search.page.importance"), list(importance.items())) if importance else "",
        importance_note=_importance_note(spec, len(complete), bool(importance)),
        slices=_slices(rulers, complete, metric),
        parallel=_parallel(rulers, complete, metric),
        rows=[axis.name for axis in spec.space.axes],
        trials=[_trial(spec, record) for record in records if record.state != "waiting"],
        limits=_limits(spec, result),
    )


def _sentence(result: SearchResult, metric: str) -> str:
    words = {"trials": result.trials, "metric": metric, "score": score_text(result.score)}
    if result.table is None:
        return say("search.page.same", **words)
    own = score_text(result.parent_score)
    return say("search.page.better", trial=result.trial, parent=own, version=result.table, **words)


def _facts(spec: SearchSpec, records: Sequence[TrialRecord], metric: str) -> list[tuple[str, str]]:
    states = ("complete", "pruned", "failed", "stopped")
    counts = [(state, sum(record.state == state for record in records)) for state in states]
    told = ", ".join(f"{count} {say(f'search.page.state.{state}')}" for state, count in counts if count)
    return [
        (say("search.page.parent"), f"v{spec.table_version}"),
        (say("search.trials"), told),
        (say("search.page.metric"), metric),
        (say("search.page.seeds"), ", ".join(map(str, spec.seeds))),
        (say("search.page.sampler"), spec.sampler),
        (say("search.page.prune"), spec.prune),
        (say("search.page.time"), duration(sum(record.seconds for record in records))),
    ]


def _best_rows(spec: SearchSpec, records: Sequence[TrialRecord], result: SearchResult) -> list[dict[str, Any]]:
    own: dict[str, Any] = next((record.values for record in records if record.parent), {})
    return [
        {
            "name": axis.name,
            "own": value_text(own.get(axis.name, "–")),
            "best": value_text(result.best.get(axis.name, "–")),
            "changed": own.get(axis.name) != result.best.get(axis.name),
            "range": _range(axis),
        }
        for axis in spec.space.axes
    ]


def value_text(value: Any) -> str:
    """A value of a searched row; a technique is `on` or `off`, as it is written in a change of a table."""
    return ("on" if value else "off") if isinstance(value, bool) else shown(value)


def _range(axis: Axis) -> str:
    if axis.kind == "switch":
        return say("search.page.on_off")
    return say("search.page.log" if axis.log else "search.page.linear", low=f"{axis.low:g}", high=f"{axis.high:g}")


def _history(records: Sequence[TrialRecord], metric: str) -> Markup:
    tried = [Tried(record.number, record.score, first=record.parent) for record in records if record.score is not None]
    tried += [
        Tried(record.number, max(record.looks), complete=False)
        for record in records
        if record.state == "pruned" and record.looks
    ]
    axes = (say("search.page.number"), metric)
    names = (say("search.page.state.complete"), say("search.page.best_so_far"))
    return trials_plot(say("search.page.history"), tried, axes, names)


def _importance_note(spec: SearchSpec, complete: int, known: bool) -> list[str]:
    if not known:
        return [say("search.page.importance_none")]
    least = _LEAST * len(spec.space.axes)
    notes = [say("search.page.importance_caption", trials=complete)]
    return notes + ([say("search.page.importance_few", trials=complete, least=least)] if complete < least else [])


def _ruler(axis: Axis, complete: Sequence[TrialRecord]) -> Ruler:
    """The axis, long enough for a table that lies outside of the searched range."""
    if axis.kind == "switch":
        return Ruler(axis.name, 0.0, 1.0, states=("off", "on"))
    values = [record.values.get(axis.name) for record in complete]
    numbers = [float(value) for value in values if isinstance(value, int | float) and (value > 0 or not axis.log)]
    return Ruler(axis.name, min([axis.low, *numbers]), max([axis.high, *numbers]), axis.log)


def _slices(rulers: Sequence[Ruler], complete: Sequence[TrialRecord], metric: str) -> list[Markup]:
    ends = _ends(complete)
    last = max((record.number for record in complete), default=0) or 1
    plots = []
    for ruler in rulers:
        points = [
            Point(place, record.score, record.number / last, record.parent)
            for record in complete
            if record.score is not None and (place := ruler.place(record.values.get(ruler.name))) is not None
        ]
        plots.append(slice_plot(f"{ruler.name}: {metric}", ruler, points, ends, metric))
    return plots


def _ends(complete: Sequence[TrialRecord]) -> tuple[float, float]:
    scores = [record.score for record in complete if record.score is not None]
    pad = (max(scores) - min(scores)) * 0.08 or abs(scores[0]) * 0.05 or 0.05
    return min(scores) - pad, max(scores) + pad


def _parallel(rulers: Sequence[Ruler], complete: Sequence[TrialRecord], metric: str) -> Markup:
    low, high = _ends(complete)
    every = [*rulers, Ruler(metric, low, high)]
    ranked = sorted(complete, key=lambda record: -(record.score or 0.0))
    lines = []
    for order, record in enumerate(ranked):
        rank = 1 if order == 0 else 2 if order < len(ranked) / 3 else 3
        values = [*(record.values.get(ruler.name) for ruler in rulers), record.score]
        places = [ruler.place(value) for ruler, value in zip(every, values, strict=True)]
        lines.append(Line(places, rank, f"{record.number}: {record.score:.4g}"))
    return parallel_plot(say("search.page.parallel"), every, lines)


def _trial(spec: SearchSpec, record: TrialRecord) -> dict[str, Any]:
    score = score_text(record.score) if record.score is not None else "–"
    if record.state == "pruned" and record.looks and spec.prune == "median":
        score = f"({score_text(max(record.looks))})"
    return {
        "number": record.number,
        "state": record.state,
        "word": say(f"search.page.state.{record.state}"),
        "parent": record.parent,
        "values": [value_text(record.values.get(axis.name, "–")) for axis in spec.space.axes],
        "score": score,
        "order": record.score if record.score is not None else -1e9,
        "seconds": record.seconds,
        "time": duration(record.seconds),
        "why": record.why,
    }


def _limits(spec: SearchSpec, result: SearchResult) -> list[str]:
    found = []
    if result.table is not None:
        words = {"trials": result.trials, "parent": result.parent, "version": result.table}
        found.append(say("search.page.limit.best", **words))
    if result.parent_score is None:
        found.append(say("search.page.limit.own_failed"))
    if len(spec.seeds) == 1:
        found.append(say("search.page.limit.seed"))
    if result.pruned:
        found.append(say("search.page.limit.pruned", pruned=result.pruned))
    if result.failed:
        found.append(say("search.page.limit.failed", failed=result.failed))
    return found


def rate_plot(found: RateFound) -> Markup:
    """Loss of each step and smoothed loss over the logarithm of the rate; a line at the rate to set."""
    places = [math.log10(rate) for rate in found.rates]
    top = 1.3 * max(found.smooth[0], min(found.smooth))  # what comes after the loss has left the ground is of no use
    low = min(*found.losses, *found.smooth)
    frame = Frame(_WIDTH, _HEIGHT, (places[0], places[-1]), (low - 0.05 * (top - low), top), top=34)
    parts = frame.axes(say("find.axis_rate"), say("find.axis_loss"))
    for place, values in enumerate((found.losses, found.smooth), 1):
        points = [(x, min(y, top)) for x, y in zip(places, values, strict=True)]
        parts.append(frame.line(points, class_=f"line s{place}"))
    at = frame.across(math.log10(found.rate))
    parts += [
        element("line", x1=at, x2=at, y1=frame.top, y2=frame.height - frame.bottom, class_="chosen"),
        words(at + 6, frame.top + 10, f"{found.rate:g}", class_="name"),
    ]
    parts += legend([(say("find.step_loss"), "s1"), (say("find.smooth_loss"), "s2")], frame.left, 16)
    return picture(_WIDTH, _HEIGHT, say("find.title"), parts)


def write_rate_page(path: Path, found: RateFound, table: str, row: str = "learning_rate") -> Path:
    """Write the page: one file that needs nothing else. `row` is where the rate is to be set."""
    facts = [
        (say("find.table"), table),
        (say("find.rate"), f"{found.rate:g}"),
        (say("find.steepest"), f"{found.steepest:g}"),
        (say("find.tenth"), f"{found.tenth:g}"),
    ]
    return write_page(path, "find.html.j2", facts=facts, plot=rate_plot(found), rate=f"{found.rate:g}", row=row)


__all__ = ["rate_plot", "value_text", "write_rate_page", "write_search_report"]
