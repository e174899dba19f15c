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
    plot = picture(rows, most_loss)
    return write_page(path, "smaller.html.j2", table=table(rows, most_loss), plot=plot)


def table(rows: Sequence[Row], most_loss: float) -> Table:
    """A line for each model."""
    sizes = list(rows[0].latency) if rows else []
    columns = [
        Column(say("shrink.model"), "name"),
        *(Column(say(f"shrink.{key}"), "number") for key in ("size", "zipped")),
    ]
    for size in sizes:
        columns += [Column(say(f"shrink.{key}", batch=size), "number") for key in ("latency", "speed")]
    columns += [Column(say(f"shrink.{key}"), "number") for key in ("score", "gain", "equal")]
    columns.append(Column(say("shrink.verdict"), "text"))
    return Table(say("shrink.title"), tuple(columns), tuple(line(row, most_loss) for row in rows), whole=True)


def line(row: Row, most_loss: float) -> tuple[Cell, ...]:
    """A model in words and figures, as the columns of `table` name them."""
    cells: list[Cell] = [row.name, f"{row.bytes / _MEGA:.1f} MB", f"{row.zipped / _MEGA:.1f} MB"]
    for item in row.latency.values():
        cells.append(f"{item.p50:.2f} / {item.p95:.2f} / {item.p99:.2f}")
        cells.append(Annotated(f"{item.rows_second:.0f}", say("shrink.times", speed=item.faster)))
    if row.change is None:
        return (*cells, "", "", "", say("shrink.original"))
    gain, word = row.change.gain, row.change.verdict(most_loss)
    needed = row.change.rows_needed(most_loss)
    verdict = say("shrink.open", rows=needed) if word == "open" else say(f"shrink.{word}")
    change = Annotated(f"{gain.value:+.4f}", f"{gain.low:+.4f} – {gain.high:+.4f}")
    return (*cells, row.change.after, change, f"{row.change.equal:.1%}", verdict)


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


__all__ = ["line", "picture", "table", "write_page_of"]
