"""Techniques of a stage: one row holds a list of them, which become rows of the stage's own table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tunebook.core import registry
from tunebook.core.errors import TableError
from tunebook.core.nouns import ParamTable
from tunebook.tables.declared import declared, find, normal
from tunebook.tables.make import child


def nested(table: ParamTable, entries: Sequence[str], row: str) -> ParamTable:
    """A stage's table with the techniques that a row of the stage names.

    An entry is what `tunebook table set` takes of a technique: `ema`, `fgm.epsilon=0.3`, or `fgm=off`, which takes out
    what the table has.

    Args:
        row: the row of the stage that holds the entries, such as `pretrain.techniques`.

    Raises:
        TableError: `stages.setting`, `stages.inner`: an entry is no technique's; `row.twice`; else as `child`.
    """
    return child(table, read_entries(entries, row)) if entries else table


def read_entries(entries: Sequence[str], row: str) -> dict[str, Any]:
    """Name -> value of each entry, unread; a technique alone is switched on. Raises as `nested`."""
    found: dict[str, Any] = {}
    first: dict[str, str] = {}
    for entry in entries:
        name, sign, value = (part.strip() for part in entry.partition("="))
        real = _checked(name, row)
        if real in first:
            raise TableError("row.twice", key=real, first=first[real], second=entry)
        first[real], found[name] = entry, value if sign else "on"
    return found


def _checked(name: str, row: str) -> str:
    """The declared name of a technique or of a row of one; what is unknown is left to the table to tell."""
    known = find(name)
    owner = known.owner if known else normal(name)
    if owner in registry.stages():
        raise TableError("stages.inner", key=row, value=name)
    if known and owner == "training":
        own = f"{row.partition('.')[0]}.{known.field}"
        raise TableError("stages.setting", key=row, value=name, allowed=own if own in declared() else "")
    return known.name if known else owner


__all__ = ["nested", "read_entries"]
