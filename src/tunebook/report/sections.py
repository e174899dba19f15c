"""How sections of a task look on a page: plots are drawn, figures written; narrow ones stand side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from markupsafe import Markup

from tunebook.core.sections import Beside, Cell, HeatMap, Scatter, Section, Table
from tunebook.core.words import number, score_text
from tunebook.report.plots.answers import heat_map, reliability_plot, scatter_plot


def side_by_side(sections: Sequence[Section]) -> list[list[Section]]:
    """Runs of sections that stand beside each other; one that takes the whole width stands alone."""
    kept = groupby(enumerate(sections, start=1), lambda item: _whole(item[1]) and item[0])
    return [[section for _, section in run] for _, run in kept]


def _whole(section: Section) -> bool:
    return isinstance(section, Table) and section.whole


def picture(section: Section) -> Markup | None:
    """The plot of a section; None for a table."""
    if isinstance(section, Table):
        return None
    if isinstance(section, HeatMap):
        return heat_map(section.title, section.counts, section.names, section.axes)
    if isinstance(section, Scatter):
        return scatter_plot(section.title, section.points, section.axes)
    return reliability_plot(section.title, section.bins, section.axes)


def figure(cell: Cell) -> str:
    """A cell in words: a count, a score, a share of one, or a text as it is."""
    value = cell.value if isinstance(cell, Beside) else cell
    if isinstance(value, str):
        return value
    return number(value) if isinstance(value, int) else score_text(value)


def beside(cell: Cell) -> str:
    """What stands beside a figure: the ends of its interval, or a text."""
    more = cell.more if isinstance(cell, Beside) else None
    if isinstance(more, tuple):
        return f"{score_text(more[0])} – {score_text(more[1])}"
    return more or ""


__all__ = ["beside", "figure", "picture", "side_by_side"]
