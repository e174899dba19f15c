"""tunebook import-config: the configuration of another tool as a table, with a note for each of its keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tunebook.cli.answer import Answer, command
from tunebook.cli.help import cells, wrap
from tunebook.cli.options import option
from tunebook.core.errors import TunebookError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.nouns import ParamTable
    from tunebook.tables.foreign import Imported, Note
    from tunebook.verbs.book import Book

_LONGEST = 40
Configs = Annotated[Path, typer.Argument(metavar="FILE", help=say("cli.opt.config_file"))]


@dataclass(frozen=True)
class Target:
    """Where the table goes, and whose file it is."""

    book: Annotated[Path | None, option("config_book", "--book", metavar="BOOK")] = None
    out: Annotated[Path | None, option("config_out", "--out", metavar="FILE")] = None
    tool: Annotated[str | None, option("config_from", "--from", metavar="TOOL")] = None
    owner: Annotated[str, option("owner", "--owner", metavar="NAME")] = ""


def import_config(file: Configs, target: Target) -> Answer:
    """Another tool's configuration as a table file, or as a child version of a book's table."""
    from tunebook.tables.foreign import read_foreign
    from tunebook.verbs.book import open_book

    imported = read_foreign(file, target.tool)
    data: dict[str, Any] = {"tool": imported.tool.name}
    done: list[str] = []
    following: tuple[str, ...] = ()
    if target.book is not None:
        book = open_book(target.book)
        added = _add(book, imported, target.owner)
        version = f"v{added.version}"
        data |= {"table": version, "parent": f"v{added.parent}"}
        done.append(say("cli.table.added", version=version))
        following = (
            command("table", "diff", book.path, f"v{added.parent}", version),
            command("check", book.path, "--table", version),
        )
    if target.book is None or target.out is not None:
        path = _write(imported, target.out or Path(f"{file.stem}.table.yaml"), target.owner)
        data["path"] = str(path)
        done.append(say("importing.written", path=path))
        following = following or (command("table", "import", "BOOK", path),)
    data["notes"] = [note.model_dump() for note in imported.notes]
    return Answer(data, lambda screen: _tell(screen, imported, done), following)


def _add(book: Book, imported: Imported, owner: str) -> ParamTable:
    parent = book.champion
    table = imported.table(parent, owner=owner)
    if table.values() == parent.values():
        raise TunebookError("cli.no_change", key=f"v{parent.version}")
    return book.tables.add(table)


def _write(imported: Imported, path: Path, owner: str) -> Path:
    from tunebook.tables.write import write_table

    return write_table(imported.table(owner=owner), path)


def _tell(screen: Console, imported: Imported, done: Iterable[str]) -> None:
    """What was taken or could have been, key by key; then the rest, by why it does not apply."""
    count = len(imported.notes)
    screen.print(say("importing.read", tool=imported.tool.title, file=imported.file, count=count), style="bold")
    screen.print()
    widest = max(cells(say(f"imported.{note.action}")) for note in imported.notes)
    rest: dict[str, list[str]] = {}
    for note in imported.notes:
        if note.action == "not_applicable":
            rest.setdefault(note.why, []).append(note.key)
        else:
            _tell_note(screen, note, widest)
    if rest:
        screen.print()
        screen.print(say("imported.not_applicable"), style="bold")
    for why, keys in rest.items():
        screen.print(f"  {why}", style="dim", soft_wrap=True)
        for line in wrap(", ".join(keys), screen.width - 6):
            screen.print(f"    {line}", soft_wrap=True)
    screen.print()
    for text in done:
        screen.print(f"✓ {text}", style="green", soft_wrap=True)


def _tell_note(screen: Console, note: Note, widest: int) -> None:
    """A key with its value, the row that it means, and why, where that does not go without saying."""
    action = say(f"imported.{note.action}")
    row = f" → {note.row}" if note.row else ""
    screen.print(f"{action}{' ' * (widest - cells(action))}  {note.key} = {_cut(note.value)}{row}", soft_wrap=True)
    if note.action not in ("taken", "renamed"):
        for line in wrap(note.why, screen.width - widest - 4):
            screen.print(f"{' ' * (widest + 4)}{line}", style="dim", soft_wrap=True)


def _cut(value: Any) -> str:
    from tunebook.report.words import shown

    text = shown(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


__all__ = ["Target", "import_config"]
