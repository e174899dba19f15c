"""The table that somebody means: a version of the book's, or one in a file, with changes for this once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tunebook.core.messages import say
from tunebook.core.nouns import ParamTable
from tunebook.verbs.steps.book import Book

_ENDINGS = (".json", ".yaml", ".yml", ".csv", ".tsv", ".xlsx")


def is_file(name: str) -> bool:
    """Whether a name is that of a file, and not of a version."""
    return name.lower().endswith(_ENDINGS)


def named_table(book: Book, name: str) -> ParamTable:
    """A version of the book's table (`v2`, `champion`, `latest`), or the table in a file."""
    if is_file(name):
        from tunebook.tables.files import read_table

        return read_table(Path(name))
    return book.tables.get(name)


def changed_table(book: Book, name: str, changes: Mapping[str, str]) -> ParamTable:
    """The same with other values of some rows, as people write them.

    Raises:
        TableError: no such version, or a wrong file, row or value.
    """
    table = named_table(book, name)
    if not changes:
        return table
    from tunebook.tables.make import child

    return child(table, changes, note=say("cli.set.note"))


def overruled(table: ParamTable, changes: Iterable[str]) -> list[dict[str, Any]]:
    """Warnings of rows that were changed although a technique's row takes their place in this table."""
    from tunebook.tables.declared import find
    from tunebook.tables.in_force import idle

    names = [row.name for name in changes if (row := find(name)) is not None]
    return idle(table.values(), names) if names else []


__all__ = ["changed_table", "is_file", "named_table", "overruled"]
