"""Rows of an SQLite database into columns: its only table, or what a SELECT statement gives."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tunebook.core.errors import DataError
from tunebook.data.columns import to_column
from tunebook.data.heading import column_names
from tunebook.data.ledger import Numbers


def read_sqlite(data: bytes, path: Path, query: str | None) -> tuple[pa.Table, Numbers]:
    """The rows of a query, numbered from 1. Nothing in the database can be changed.

    Raises:
        DataError: `data.table`, there is not exactly one table and no query; `data.query`, the database refuses it.
    """
    connection = sqlite3.connect(":memory:")
    try:
        if path.suffix.lower() in (".gz", ".zip"):
            connection.deserialize(data)
        else:  # from the disk, because newer rows may still be in the file beside it (-wal)
            connection.close()
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        connection.execute("PRAGMA query_only = 1")
        names, rows = _select(connection, query or _only_table(connection, path))
    except sqlite3.Error as error:
        raise DataError("data.query", key=str(path), value=query, reason=str(error)) from error
    finally:
        connection.close()
    columns = [to_column(list(column)) for column in zip(*rows, strict=True)] or [pa.array([])] * len(names)
    return pa.Table.from_arrays(columns, names=names), np.arange(1, len(rows) + 1, dtype=np.int64)


def _only_table(connection: sqlite3.Connection, path: Path) -> str:
    """All rows of the only table; those of SQLite itself, and those behind an index for full text, are none."""
    found = connection.execute(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'view', 'virtual') "
        r"AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name"
    )
    tables = [name for (name,) in found]
    if len(tables) != 1:
        raise DataError("data.table", key=str(path), value=len(tables), allowed=", ".join(tables))
    quoted = tables[0].replace('"', '""')
    return f'SELECT * FROM "{quoted}"'


def _select(connection: sqlite3.Connection, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    cursor = connection.execute(query)
    if cursor.description is None:
        raise sqlite3.ProgrammingError("not a SELECT statement")
    return column_names([item[0] for item in cursor.description], len(cursor.description)), cursor.fetchall()


__all__ = ["read_sqlite"]
