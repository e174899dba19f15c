"""Pages: templates filled with words of the user's language."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from tunebook.core.files import write_whole
from tunebook.core.messages import language, say
from tunebook.core.words import number, phrase, shown
from tunebook.report.sections import beside, figure, picture

_SIGNS = re.compile(r"[\\`*\[\]|~]|(?<!\w)_|_(?!\w)")
_WWW = re.compile(r"\b(www)\.", re.IGNORECASE)
_BOOK = "book.toml"  # a folder with this file is a book


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
    environment.globals.update(picture=picture, figure=figure, beside=beside)
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


__all__ = ["cell", "place_of", "render", "write_page"]
