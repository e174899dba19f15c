"""Fields of objects as columns of their own: `meta.title`, at any depth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from tunebook.data.columns import to_column
from tunebook.data.label_cells import read_object


def with_fields(table: pa.Table, names: Iterable[str | None]) -> pa.Table:
    """The table with a column more for each of the names that is a field of a column, and that some row has."""
    for name in names:
        cells = [] if name is None or name in table.column_names else _cells(table, name)
        if any(cell is not None for cell in cells):
            table = table.append_column(name, to_column(cells))
    return table


def flat_columns(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    """The columns by name, with the fields of objects in place of these."""
    found: dict[str, pa.ChunkedArray] = {}
    for field in table.schema:
        part = table.select([field.name])
        while any(pa.types.is_struct(inner.type) for inner in part.schema):
            part = part.flatten()
        found |= dict(zip(part.column_names, part.columns, strict=True))
    return found


def _cells(table: pa.Table, name: str) -> list[Any]:
    outer = next((column for column in table.column_names if name.startswith(f"{column}.")), None)
    if outer is None:
        return []
    rest = name.removeprefix(f"{outer}.")
    cells = table[outer].to_pylist()
    return [_field(cell if isinstance(cell, dict) else read_object(str(cell)), rest) for cell in cells]


def _field(value: Any, path: str) -> Any:
    if not isinstance(value, dict) or path in value:
        return value.get(path) if isinstance(value, dict) else None
    head, _, rest = path.partition(".")
    return _field(value.get(head), rest) if rest else None


__all__ = ["flat_columns", "with_fields"]
