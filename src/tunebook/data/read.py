"""A data file, whatever its format, as columns with the row numbers that people find in the file.

Of an SQLite database these are the rows of its only table, or what a SELECT statement gives.
"""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.files import file_id
from tunebook.data.chat_rows import chat_table
from tunebook.data.columns import to_column
from tunebook.data.delimited import read_delimited
from tunebook.data.encoding import decode
from tunebook.data.exports import Export, find_format, read_export
from tunebook.data.files import format_of, members, only, refuse_stand_in
from tunebook.data.heading import column_names, repeated_names
from tunebook.data.jsons import read_json, read_jsonl
from tunebook.data.kind import ColumnKind
from tunebook.data.ledger import Numbers
from tunebook.data.options import DataOptions
from tunebook.data.preview import Preview
from tunebook.data.sheets import read_sheet


def _read_sqlite(data: bytes, path: Path, query: str | None) -> tuple[pa.Table, Numbers]:
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


@dataclass(frozen=True)
class ReadFile:
    """A file that was read.

    Attributes:
        path, name: the file; `name` is what ledger and messages call it.
        hash: of the file's bytes.
        table: its columns, in order and with their types (text formats give strings).
        rows: number of each row: the line for text formats, the row of the sheet, else counted from 1.
        read: rows in the file, the faulty ones included.
        faults: reason -> row number -> detail, of rows that are not in the table.
        notes: what was found out: `format`, `encoding`, `delimiter`, `quotes`, `header`, `sheet`.
        roles: part -> column, where the format says which plays it.
        aside: reason -> row numbers, of what stands in the file and is no row: titles, headings again, totals.
        lost: columns of formulas that were saved without their values.
        changed: reason -> row numbers, of rows whose labels were put right.
        corpus: passages that rows name by their id, columns `id` and `text`.
    """

    path: Path
    name: str
    hash: str
    table: pa.Table
    rows: Numbers
    read: int
    faults: dict[str, dict[int, str]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    roles: dict[str, Any] = field(default_factory=dict)
    aside: dict[str, list[int]] = field(default_factory=dict)
    lost: tuple[str, ...] = ()
    changed: dict[str, list[int]] = field(default_factory=dict)
    corpus: pa.Table | None = None


def read(path: Path, options: DataOptions | None = None, *, labelled: bool = True, text: str | None = None) -> ReadFile:
    """Read CSV, TSV, text, JSON, JSON Lines, Parquet, XLSX or SQLite; also .gz, or a .zip with one member.

    Files and folders of annotation tools (`data/formats`) are known by what they hold, unless `format` is given.

    Rows that cannot be read (a wrong number of cells, bytes that are no characters) are left out and listed in
    `faults`; nothing else is changed.

    Args:
        labelled: False for rows to predict: those of a tool that bear no label are read too, and totals and such are
            not set aside.
        text: usual name of the column of texts: a first row that has it is a heading.

    Raises:
        DataError: the file is missing, empty, of an unknown format or encoding, or damaged.
    """
    options = options or DataOptions()
    path = Path(path)
    inside = members(path)
    export = None if options.format else read_export(path, inside, options, labelled=labelled)
    if export is not None:
        found = _of_export(export, path, path.name, file_id(path))
    else:
        found = _plain(*only(inside, path), path, options.model_copy(update={"text": options.text or text}), labelled)
    return _with_chats(found, options, labelled)


def read_part(preview: Preview) -> ReadFile:
    """A file of a folder or of a package, as `read` reads it alone.

    Raises:
        DataError: as `read`.
    """
    found = find_format(preview)
    if found is None:
        source = _plain(preview.data, preview.name, preview.path, preview.options, preview.labelled)
    else:
        source = _of_export(found.read(preview), preview.path, preview.name, "")
    return _with_chats(source, preview.options, preview.labelled)


def _with_chats(source: ReadFile, options: DataOptions, labelled: bool) -> ReadFile:
    """With its conversations, where they are wanted."""
    export = Export(source.table, source.rows, source.roles, source.faults, source.notes)
    found = chat_table(export, options, source.path, labelled=labelled)
    count = max(source.read, len(found.rows) + sum(map(len, found.faults.values())))  # a row may hold several
    made = {
        "table": found.table,
        "rows": found.rows,
        "roles": found.roles,
        "faults": found.faults,
        "notes": found.notes,
    }
    return replace(source, read=count, **made)


def _of_export(export: Export, path: Path, name: str, file_hash: str) -> ReadFile:
    count = len(export.rows) + sum(map(len, export.faults.values()))
    found = (export.table, export.rows, count, export.faults, export.notes, export.roles)
    return ReadFile(path, name, file_hash, *found, changed=export.changed, corpus=export.corpus)


def checked_file(source: ReadFile, kind: ColumnKind, table: pa.Table, parts: dict[str, Any]) -> ReadFile:
    """A file with the table that its kind of targets put into shape, without the rows whose targets do not fit their
    texts.

    Args:
        parts: part -> column, as the kind found them.
    """
    found = kind.checked(table, parts)
    if found is None:
        return replace(source, table=table)
    faults, changed = dict(source.faults), dict(source.changed)
    for reason, places in found.faults.items():
        faults[reason] = faults.get(reason, {}) | dict.fromkeys(source.rows[places].tolist(), "")
    for reason, places in found.changed.items():
        changed[reason] = [*changed.get(reason, []), *source.rows[places].tolist()]
    return replace(source, table=found.table, rows=source.rows[found.kept], faults=faults, changed=changed)


def _plain(data: bytes, inner: str, path: Path, options: DataOptions, labelled: bool) -> ReadFile:
    """A table of no tool."""
    kind = format_of(path, inner, data, options.format, options.delimiter)
    if kind in ("csv", "tsv", "txt", "json", "jsonl"):
        source = _read_text(data, path, kind, options, labelled=labelled)
    else:
        source = _read_binary(data, path, kind, options, labelled=labelled)
    if source.read == 0 or not source.table.num_columns:
        raise DataError("data.empty", key=str(path))
    return source


def _read_text(data: bytes, path: Path, kind: str, options: DataOptions, *, labelled: bool) -> ReadFile:
    text = decode(data, path, options.encoding)
    refuse_stand_in(text.data, path)
    notes = {"encoding": text.encoding, **({"encoding_guessed": text.encoding} if text.guessed else {})}
    if kind == "txt" and text.data.lstrip()[:1] in (b"[", b"{"):
        kind = "json" if _looks_json(text.data) else kind
    if kind in ("csv", "tsv") and options.format is None and _is_json(text.data):
        kind = "json"
    if kind in ("json", "jsonl"):
        cells = (read_json if kind == "json" else read_jsonl)(text.data, path)
    else:
        cells = read_delimited(text.data, path, kind, options, labelled=labelled)
    table, rows, faults = cells.table, cells.rows, dict(cells.faults)
    if text.broken:
        keep = ~_damaged(table, rows, text.broken, kind)
        faults["undecodable"] = {int(row): "" for row in rows[~keep]}
        table, rows = table.filter(pa.array(keep)), rows[keep]
    notes = {"format": kind, **notes, **cells.notes}
    return ReadFile(path, path.name, file_id(path), table, rows, cells.read, faults, notes, aside=cells.aside)


def _damaged(table: pa.Table, rows: Numbers, broken: Sequence[int], kind: str) -> NDArray[np.bool_]:
    """Whether each row holds bytes that are no characters: in its line, or in a later one of a cell of several lines.
    Rows of a JSON document have no lines."""
    found = np.isin(rows, broken) & (kind != "json")
    near = np.arange(len(rows)) if kind == "json" else np.unique(np.searchsorted(rows, broken, side="right") - 1)
    for place in near[near >= 0].tolist():
        found[place] |= any("\ufffd" in str(cell) for cell in table.slice(place, 1).to_pylist()[0].values())
    return found


def _looks_json(data: bytes) -> bool:
    """Whether text that opens with a bracket is JSON: its first line or its end closes what it opens."""
    start = data.lstrip()
    return (start[:1] == b"[" and data.rstrip()[-1:] == b"]") or start.split(b"\n", 1)[0].rstrip()[-1:] == b"}"


def _is_json(data: bytes) -> bool:
    """Whether text that is called a table is JSON: its first line is an object, or all of it is an object or a list."""
    start = data.lstrip()
    if start[:1] not in (b"[", b"{"):
        return False
    first = start.split(b"\n", 1)[0]
    for part in (first, data) if first[:1] == b"{" else (data,):
        try:
            json.loads(part)
        except (ValueError, RecursionError):
            continue
        return True
    return False


def _read_binary(data: bytes, path: Path, kind: str, options: DataOptions, *, labelled: bool) -> ReadFile:
    notes = {"format": kind}
    if kind == "parquet":
        table, found = _parquet(data, path)
        notes |= found
        rows = np.arange(1, table.num_rows + 1, dtype=np.int64)
    elif kind == "sqlite":
        table, rows = _read_sqlite(data, path, options.query)
    else:
        cells = read_sheet(data, path, options, labelled=labelled)
        head = (path, path.name, file_id(path))
        notes |= cells.notes
        return ReadFile(*head, cells.table, cells.rows, cells.read, notes=notes, aside=cells.aside, lost=cells.lost)
    return ReadFile(path, path.name, file_id(path), table, rows, table.num_rows, notes=notes)


def _parquet(data: bytes, path: Path) -> tuple[pa.Table, dict[str, str]]:
    """A table whose columns all have names of their own, and a note of those that had not."""
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(io.BytesIO(data)).read()
    except (pa.ArrowException, OSError) as error:
        raise DataError("data.parquet", key=str(path), reason=str(error).split("\n")[0]) from error
    again = repeated_names(table.column_names)
    table = table.rename_columns(column_names(table.column_names, table.num_columns)) if again else table
    return table, {"repeated": ", ".join(again[:10])} if again else {}


__all__ = ["ReadFile", "checked_file", "read", "read_part"]
