"""Which table a command means: a version or a file, with changes for this once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.cli.answer import note
from tunebook.cli.options import pair
from tunebook.core.errors import BookError, TunebookError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from tunebook.cli.options import Chosen
    from tunebook.core.nouns import ParamTable
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.runs import Run

_ENDINGS = (".json", ".yaml", ".yml", ".csv", ".tsv", ".xlsx")


def chosen_table(book: Book, chosen: Chosen) -> ParamTable:
    """The table that was named, changed by `--set`.

    Raises:
        TableError: no such version, or a wrong file, row or value. TunebookError: `--set` without an equals sign.
    """
    table = named_table(book, chosen.table)
    changes = read_changes(chosen.changes or ())
    if not changes:
        return table
    from tunebook.tables.make import child

    return child(table, changes, note=say("cli.set.note"))


def named_table(book: Book, name: str) -> ParamTable:
    """A version of the book's table (`v2`, `champion`, `latest`), or the table in a file."""
    if name.lower().endswith(_ENDINGS):
        from tunebook.tables.files import read_table

        return read_table(Path(name))
    return book.tables.get(name)


def chosen_run(book: Book, name: str) -> Run:
    """The run that was named; where nobody named one and the newest is of another version than the champion, say so.

    Raises:
        BookError: no such run, or several whose id begins so.
    """
    found = book.run(name)
    if name != "latest":
        return found
    with suppress(BookError):  # a damaged log hides no answers
        version, champion = found.plan.table_version, book.tables.champion
        if champion is not None and version != champion:
            table = f"v{version}" if version else say("cli.run.changed")
            note(say("cli.run.other", run=found.id, table=table, champion=champion, book=book.path), style="yellow")
    return found


def read_changes(given: Sequence[str], option: str = "--set") -> dict[str, str]:
    """Row -> value as given, from `row=value`.

    Raises:
        TunebookError: `cli.option` for an item that is no such pair, `cli.twice` for a row that is given twice.
    """
    changes: dict[str, str] = {}
    for item in given:
        name, value = pair(option, item)
        if name in changes:
            raise TunebookError("cli.twice", key=name, value=item)
        changes[name] = value
    return changes


def overruled(book: Book, chosen: Chosen) -> list[dict[str, Any]]:
    """Warnings of what `--set` changes although a technique's row takes its place."""
    from tunebook.tables.declared import find
    from tunebook.tables.in_force import idle

    changes = read_changes(chosen.changes or ())
    names = [row.name for name in changes if (row := find(name)) is not None]
    return idle(chosen_table(book, chosen).values(), names) if names else []


def described(book: Book, chosen: Chosen) -> str:
    """The table in words: `v2 (champion)`, `v2 + learning_rate=3e-5`."""
    name = chosen.table
    if not name.lower().endswith(_ENDINGS):
        number = book.tables.number(name)
        name = f"v{number}"
        name = say("cli.champion_of", version=name) if number == book.tables.champion else name
    changes: Mapping[str, str] = read_changes(chosen.changes or ())
    return " + ".join([name, *(f"{row}={value}" for row, value in changes.items())])


__all__ = ["chosen_run", "chosen_table", "described", "named_table", "overruled", "read_changes"]
