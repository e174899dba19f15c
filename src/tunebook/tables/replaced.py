"""Rows of techniques that take the place of a training setting, as a method's own rate does of the table's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tunebook.tables.declared import technique_rows


def replaced(rows: Iterable[str]) -> dict[str, str]:
    """Training setting -> the row that takes its place, among the names of a table's rows.

    Imports the techniques only where one of them is on.
    """
    own = [name for name in rows if "." in name]
    known = technique_rows() if own else {}
    return {known[name].row.replaces: name for name in own if name in known and known[name].row.replaces}


def used(row: str, values: Mapping[str, Any]) -> tuple[str, Any]:
    """The row that counts for a training setting, and its value."""
    name = replaced(values).get(row, row)
    return name, values[name]


def flat(settings: Mapping[str, Any], techniques: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Settings and the techniques' fields under the names of a table's rows, as a plan has them."""
    own = {f"{key}.{field}": value for key, fields in techniques.items() for field, value in fields.items()}
    return {**settings, **own}


__all__ = ["flat", "replaced", "used"]
