"""The page of models that were made smaller: size, speed and what of the score they cost, beside the original."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from tunebook.core.formatting import phrase
from tunebook.core.messages import say
from tunebook.core.sections import Annotated, Cell, Column, Table
from tunebook.export.compare import Row
from tunebook.report.page import write_page
from tunebook.report.plots.intervals import Line, Span, interval_plot

_MEGA = 1e6


def write_page_of(path: Path, rows: Sequence[Row], most_loss: float) -> Path:
    """Write the page.

    Args:
        rows: of `export.compare.measure`, the original first; most_loss: the book's limit.
    """
    tables = [costs(rows, most_loss), *(speeds(rows, size) for size in (rows[0].latency if rows else ()))]
    return write_page(path, "smaller.html.j2", tables=tables, plot=picture(rows, most_loss))


def costs(rows: Sequence[Row], most_loss: float) -> Table:
    """Size and score of each model."""
    columns = (
        Column(say("shrink.model"), "name"),
        *(Column(say(f"shrink.{key}"), "number") for key in ("size", "zipped", "score", "gain", "equal")),
        Column(say("shrink.verdict"), "text"),
    )
    return Table(say("shrink.costs"), columns, tuple(_cost(row, most_loss) for row in rows), whole=True)


def _cost(row: Row, most_loss: float) -> tuple[Cell, ...]:
    sizes = (f"{row.bytes / _MEGA:.1f} MB", f"{row.zipped / _MEGA:.1f} MB")
    if row.change is None:
        return (row.name, *sizes, "", "", "", say("shrink.original"))
    gain = row.change.gain
    change = Annotated(f"{gain.value:+.4f}", f"{gain.low:+.4f} – {gain.high:+.4f}")
    return (row.name, *sizes, row.change.after, change, f"{row.change.equal:.1%}", _verdict(row, most_loss))


def _verdict(row: Row, most_loss: float) -> str:
    """Whether a model's loss is within the limit, in few words."""
    if row.change is None:
        return say("shrink.original")
    word = row.change.verdict(most_loss)
    return say("shrink.open", rows=row.change.rows_needed(most_loss)) if word == "open" else say(f"shrink.{word}")


def speeds(rows: Sequence[Row], size: int) -> Table:
    """How quick each model is with so many rows at once."""
    columns = (
        Column(say("shrink.model"), "name"),
        *(Column(name, "number") for name in ("P50 ms", "P95 ms", "P99 ms", say("shrink.speed"), say("shrink.faster"))),
    )
    return Table(say("shrink.speeds", batch=size), columns, tuple(_speed(row, size) for row in rows), whole=True)


def _speed(row: Row, size: int) -> tuple[Cell, ...]:
    found = row.latency[size]
    times = (f"{value:.2f}" for value in (found.p50, found.p95, found.p99))
    faster = Annotated(f"{found.faster:.1f} x", f"{found.low:.1f} – {found.high:.1f}")
    return (row.name, *times, f"{found.rows_second:.0f}", faster)


def brief(rows: Sequence[Row], most_loss: float) -> Table:
    """What matters most of each model, in a table as narrow as a terminal."""
    sizes = list(rows[0].latency) if rows else []
    columns = (
        Column(say("shrink.model"), "name"),
        Column(say("shrink.size"), "number"),
        *(Column(say("shrink.quick", batch=size), "number") for size in sizes),
        Column(say("shrink.gain"), "number"),
        Column(say("shrink.verdict"), "text"),
    )
    lines = tuple(_brief(row, sizes, most_loss) for row in rows)
    return Table(say("shrink.title"), columns, lines, whole=True)


def _brief(row: Row, sizes: Sequence[int], most_loss: float) -> tuple[Cell, ...]:
    times = (Annotated(f"{row.latency[size].p50:.1f} ms", f"{row.latency[size].faster:.1f} x") for size in sizes)
    gain = "" if row.change is None else f"{row.change.gain.value:+.4f}"
    return (row.name, f"{row.bytes / _MEGA:.1f} MB", *times, gain, _verdict(row, most_loss))


def picture(rows: Sequence[Row], most_loss: float) -> Markup:
    """What each smaller model loses, beside the limit; how quick it is stands behind."""
    changed = [(row, row.change) for row in rows if row.change is not None]
    if not changed:
        return Markup()
    spans = [Span(row.name, found.gain.value, found.gain.low, found.gain.high, _speeds(row)) for row, found in changed]
    lines = [Line(0.0, say("shrink.original")), Line(-most_loss, say("shrink.limit"))]
    first = changed[0][1]
    axis = say("shrink.axis", metric=phrase("metric", first.metric), rows=first.rows)
    return interval_plot(say("shrink.title"), spans, lines, axis)


def _speeds(row: Row) -> str:
    return " · ".join(f"{item.faster:.1f} x ({size})" for size, item in row.latency.items())


__all__ = ["brief", "costs", "picture", "speeds", "write_page_of"]
