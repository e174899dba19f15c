"""tunebook techniques: what may be switched on in a table, what it needs, and what it cannot stand beside."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tunebook.cli.answer import Answer, command, facts, grid, prose
from tunebook.cli.layout import INDENT, wrap
from tunebook.cli.purposes import grouped, purpose_of
from tunebook.core.errors import TableError, near
from tunebook.core.messages import language, say
from tunebook.core.prose import page
from tunebook.core.widths import columns_of

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.params import Declaration
    from tunebook.core.technique import Technique

_NARROW = 20  # columns that a text has at least, on however narrow a terminal

Key = Annotated[str, typer.Argument(metavar="TECHNIQUE", help=say("cli.opt.technique"))]


def techniques(key: Key = "") -> Answer:
    """List all techniques, or show one of them."""
    from tunebook.tables.declared import techniques as known

    found = known()
    if key and key not in found:
        raise TableError("techniques.unknown", key=key, allowed=" | ".join(sorted(found)), near=near(key, found))
    if key:
        return _one(found[key], rivals(found[key], found))
    data = [_facts(kind, rivals(kind, found)) for _, kind in sorted(found.items())]
    example = command("techniques", "layer_decay")
    return Answer(data, lambda screen: _tell_all(screen, data), (example,), lines=True)


def rivals(kind: type[Technique], found: dict[str, type[Technique]]) -> list[str]:
    """Keys of all techniques that cannot stand beside one, whichever of the two says so."""
    return sorted(
        key
        for key, other in found.items()
        if other is not kind
        and (key in kind.conflicts or kind.key in other.conflicts or kind.exclusive == other.exclusive != "")
    )


def told(kind: type[Technique]) -> list[str]:
    """The paragraphs of a technique's page in the user's language; the first says what it is."""
    return page(inspect.getdoc(kind) or "", kind.zh, language())


def _facts(kind: type[Technique], excluded: list[str]) -> dict[str, Any]:
    from tunebook.core.params import declarations

    return {
        "technique": kind.key,
        "purpose": purpose_of(kind.key),
        "text": told(kind)[0],
        "rows": [row.name for row in declarations(kind)],
        "needs": sorted(kind.needs),
        "excludes": excluded,
    }


def _tell_all(screen: Console, data: list[dict[str, Any]]) -> None:
    texts = {item["technique"]: item["text"] for item in data}
    left = max(map(columns_of, texts)) + INDENT
    for purpose, names in grouped(texts).items():
        screen.print(say(f"techniques.for.{purpose}"), style="bold")
        for name in names:
            first, *rest = wrap(texts[name], max(screen.width - left - INDENT, _NARROW))
            screen.print(f"{' ' * INDENT}{name}{' ' * (left - columns_of(name))}{first}", soft_wrap=True)
            for line in rest:
                screen.print(f"{' ' * (INDENT + left)}{line}", soft_wrap=True)
        screen.print()


def _one(kind: type[Technique], excluded: list[str]) -> Answer:
    from tunebook.core.params import declarations

    rows = declarations(kind)
    data = {**_facts(kind, excluded), "doc": "\n\n".join(told(kind)), "rows": [_row(row) for row in rows]}
    switch = f"{rows[0].name}={'on' if rows[0].default is None else rows[0].default}"
    switch = f"{kind.key}=on" if rows[0].default is None else switch
    return Answer(data, lambda screen: _tell_one(screen, kind, data), (command("table", "set", "book", switch),))


def _row(row: Declaration) -> dict[str, Any]:
    text = row.row.zh if language() == "zh" else row.row.text
    return {"row": row.name, "default": row.default, "allowed": row.allowed, "text": text}


def _tell_one(screen: Console, kind: type[Technique], data: dict[str, Any]) -> None:
    for number, part in enumerate(told(kind)):
        text = part if number else f"{kind.key}: {part}"
        prose(screen, text, None if number else "bold")
        screen.print()
    words = {name: ", ".join(data[name]) or "–" for name in ("needs", "excludes")}
    screen.print(facts([(say(f"techniques.{name}"), text) for name, text in words.items()]))
    screen.print()
    headings = [say(f"techniques.{name}") for name in ("row", "default", "allowed", "text")]
    lines = [
        (item["row"], "none" if item["default"] is None else item["default"], item["allowed"], item["text"])
        for item in data["rows"]
    ]
    screen.print(grid(headings, lines))


__all__ = ["rivals", "techniques", "told"]
