"""Pages: templates filled with words of the user's language, and sections of a task as plots and figures."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from tunebook.core.files import write_whole
from tunebook.core.formatting import number, phrase, score_text, shown
from tunebook.core.messages import language, say
from tunebook.core.sections import Annotated, Cell, HeatMap, Scatter, Section, Table
from tunebook.report.plots.answers import heat_map, reliability_plot, scatter_plot

_SIGNS = re.compile(r"[\\`*\[\]|~]|(?<!\w)_|_(?!\w)")
_WWW = re.compile(r"\b(www)\.", re.IGNORECASE)
_HALF = 4  # columns of a table that stand beside another
_BOOK = "book.toml"  # a folder with this file is a book


def side_by_side(sections: Sequence[Section]) -> list[list[Section]]:
    """Runs of sections that stand beside each other; one that takes the whole width, or has more columns than half of
    it has room for, stands alone."""
    kept = groupby(enumerate(sections, start=1), lambda item: _whole(item[1]) and item[0])
    return [[section for _, section in run] for _, run in kept]


def _whole(section: Section) -> bool:
    return isinstance(section, Table) and (section.whole or len(section.columns) > _HALF)


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
    value = cell.value if isinstance(cell, Annotated) else cell
    if isinstance(value, str):
        return value
    return number(value) if isinstance(value, int) else score_text(value)


def annotation(cell: Cell) -> str:
    """What stands beside a figure: the ends of its interval, or a text."""
    more = cell.more if isinstance(cell, Annotated) else None
    if isinstance(more, tuple):
        return f"{score_text(more[0])} – {score_text(more[1])}"
    return more or ""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("tunebook.report"),
        autoescape=select_autoescape(("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(say=say, phrase=phrase, shown=shown, number=number, cell=cell)
    environment.globals.update(picture=picture, figure=figure, annotation=annotation)
    return environment


def cell(value: object) -> str:
    """Text as Markdown shows it, inside a table too: on one line, and never a bar, a tag, a link, or a mark of its own.

    An address is told without becoming a link: its colon, or the dot after www, is written as an entity.
    """
    text = " ".join(str(value).split())
    text = _SIGNS.sub(r"\\\g<0>", text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    return _WWW.sub(r"\1&#46;", text.replace("://", "&#58;//"))


def render(template: str, *, place: str = "", **view: Any) -> str:
    """The text of a template of `report/templates`; everything put into a `.html.j2` is escaped.

    Args:
        place: book and task that the page is about, for its title.
    """
    lang = "zh-CN" if language() == "zh" else "en"
    return _environment().get_template(template).render(lang=lang, place=place, **view)


def write_page(path: Path, template: str, *, place: str = "", **view: Any) -> Path:
    """Write a filled template into a file, whole or not at all; a page inside a book is titled with book and task."""
    return write_whole(path, render(template, place=place or place_of(path), **view))


def place_of(path: Path) -> str:
    """Name and task of the book that a file is in; empty outside of books."""
    for folder in path.resolve().parents:
        if (folder / _BOOK).is_file():
            return f"{folder.name} · {_task(folder / _BOOK)}".removesuffix(" · ")
    return ""


def _task(file: Path) -> str:
    try:
        return phrase("task", str(tomllib.loads(file.read_text(encoding="utf-8")).get("task", "")))
    except (OSError, ValueError):  # told by whatever opens the book
        return ""


__all__ = ["annotation", "cell", "figure", "picture", "place_of", "render", "side_by_side", "write_page"]
