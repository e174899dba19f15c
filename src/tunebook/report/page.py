"""Pages: templates filled with words of the user's language."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from tunebook.core.files import write_whole
from tunebook.core.messages import language, say
from tunebook.report.words import number, phrase, shown


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
    return environment


def cell(value: object) -> str:
    """Text inside a table of Markdown: on one line, with no bar and no tag of its own."""
    text = " ".join(str(value).split())
    for sign, safe in (("\\", "\\\\"), ("|", "\\|"), ("<", "&lt;"), ("`", "\\`")):
        text = text.replace(sign, safe)
    return text


def render(template: str, **view: Any) -> str:
    """The text of a template of `report/templates`; everything put into a `.html.j2` is escaped."""
    return _environment().get_template(template).render(lang="zh-CN" if language() == "zh" else "en", **view)


def write_page(path: Path, template: str, **view: Any) -> Path:
    """Write a filled template into a file; whole or not at all."""
    return write_whole(path, render(template, **view))


__all__ = ["cell", "render", "write_page"]
