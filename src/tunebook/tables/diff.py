"""What differs between two tables."""

from __future__ import annotations

from typing import Any

from tunebook.core.nouns import ParamTable
from tunebook.core.params import Value
from tunebook.tables.declared import settings_rows

OFF = "off"


def diff(a: ParamTable, b: ParamTable) -> list[dict[str, Any]]:
    """Rows whose values differ, as `{"row", "from", "to"}`, in the order of the tables.

    A row that one of them lacks has `off` on that side, for its technique is off there; a training setting that an old
    version lacks has its default, which is what trains. Notes, reasons, defaults and recommendations do not count: they
    train nothing.
    """
    names = list(dict.fromkeys([*a.rows, *b.rows]))
    pairs = [(name, in_force(a, name), in_force(b, name)) for name in names]
    return [{"row": name, "from": before, "to": after} for name, before, after in pairs if before != after]


def in_force(table: ParamTable, name: str) -> Value:
    """What a table trains with for a row, whether it has the row or not."""
    row = table.rows.get(name)
    if row is not None:
        return row.value
    declared = settings_rows().get(name)
    return declared.default if declared else OFF


__all__ = ["OFF", "diff", "in_force"]
