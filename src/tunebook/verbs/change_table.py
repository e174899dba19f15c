"""Change table: a version + some rows -> the next version, a child of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import TunebookError

if TYPE_CHECKING:
    from tunebook.core.nouns import ParamTable
    from tunebook.verbs.steps.book import Book


@dataclass(frozen=True)
class Added:
    """A version that was added.

    Attributes:
        table: itself; parent: what it was made from. changes: rows that differ, as `tables.in_force.diff` tells them.
        warnings: rows that were asked for and change nothing.
    """

    table: ParamTable
    parent: ParamTable | None
    changes: list[dict[str, Any]]
    warnings: list[dict[str, Any]]


def change_table(
    book: Book, parent: ParamTable, changes: Mapping[str, Any], *, note: str = "", owner: str = ""
) -> Added:
    """Add a child of a table to a book.

    Args:
        changes: row -> value, as people write it; note: why; owner: who, the parent's without one.

    Raises:
        TunebookError: `cli.no_change`, every value is as before. TableError: as `tunebook.tables.make.child`.
        BookError, MachineError: as `TableStore.add`.
    """
    from tunebook.engine.inputs import anchored
    from tunebook.tables.declared import find
    from tunebook.tables.make import child

    changed = child(parent, changes, note=note, owner=owner or parent.owner)
    if changed.values() == parent.values():
        raise TunebookError("cli.no_change", key=f"v{parent.version}" if parent.version else "table")
    changed = anchored(changed, parent, book.path)
    return add_table(book, parent, changed, [row.name for name in changes if (row := find(name)) is not None])


def add_table(book: Book, parent: ParamTable | None, table: ParamTable, asked: list[str]) -> Added:
    """Keep a table as the next version of a book.

    Args:
        asked: rows that somebody named.
    """
    from tunebook.tables.in_force import diff, idle

    added = book.tables.add(table)
    changes = diff(parent, added) if parent else []
    warnings = idle(added.values(), [item["row"] for item in changes if item["row"] in asked])
    return Added(added, parent, changes, warnings)


__all__ = ["Added", "add_table", "change_table"]
