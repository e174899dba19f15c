"""All the files of a book as one table, every row with its file, its number there and the split that it was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from tunebook.core.nouns import SPLITS, Roles, Split
from tunebook.data.columns import is_text, text_column
from tunebook.data.exports import told
from tunebook.data.ledger import Entry, Ledger
from tunebook.data.options import DataOptions
from tunebook.data.read import Source, read
from tunebook.data.roles import check_columns, find_roles

# Columns of our own, under names that no file has.
FILE, ROW, GIVEN = "\0file", "\0row", "\0split"


@dataclass(frozen=True)
class Gathered:
    """Files read and joined.

    Attributes:
        table: columns of the files, and FILE (number into `files`), ROW, GIVEN (0 train, 1 validation, 2 test: what
            the file is for).
        files: name of each file; sources: name -> hash of its bytes.
        given: splits that came in files of their own.
        notes: name -> what was found out of the file.
    """

    table: pa.Table
    roles: Roles
    files: list[str]
    sources: dict[str, str]
    given: frozenset[Split]
    notes: dict[str, dict[str, str]]


def gather(paths: dict[Split, Sequence[Path]], options: DataOptions, ledger: Ledger) -> Gathered:
    """Read all files, find the roles in the training files and check them in the others.

    Raises:
        DataError: a file cannot be read, or lacks a column that plays a part.
    """
    wanted = [(split, path) for split in SPLITS for path in paths.get(split, ())]
    names = _file_names([path for _, path in wanted])
    sources = [read(path, options) for _, path in wanted]
    known = told(options, sources[0].roles, sources[0].table.column_names)
    roles = find_roles(sources[0].table, known, file=names[0])
    parts = []
    for number, ((split, _), source) in enumerate(zip(wanted, sources, strict=True)):
        check_columns(source.table, _columns_of(roles), names[number])
        _record(source, names[number], ledger)
        parts.append(_marked(source, number, SPLITS.index(split)))
    return Gathered(
        table=_joined(parts),
        roles=roles,
        files=names,
        sources=dict(zip(names, (source.hash for source in sources), strict=True)),
        given=frozenset(split for split, _ in wanted),
        notes=dict(zip(names, (source.notes for source in sources), strict=True)),
    )


def _file_names(paths: Sequence[Path]) -> list[str]:
    """Names for people: the file's own, with its folder where two are alike."""
    names = [path.name for path in paths]
    return [name if names.count(name) == 1 else path.as_posix() for name, path in zip(names, paths, strict=True)]


def _columns_of(roles: Roles) -> list[str]:
    single = (roles.text, roles.text_pair, roles.label, roles.row_id, roles.group, roles.time, roles.weight)
    return [name for name in single if name is not None]


def _record(source: Source, name: str, ledger: Ledger) -> None:
    ledger.count(name, source.read)
    for reason, rows in source.faults.items():
        details = list(rows.values()) if any(rows.values()) else ()
        ledger.note(Entry("dropped", reason, name, np.array(list(rows), dtype=np.int64), details))
    for reason, numbers in source.aside.items():
        ledger.note(Entry("dropped", reason, name, np.array(numbers, dtype=np.int64)))


def _marked(source: Source, number: int, split: int) -> pa.Table:
    table = source.table
    count = table.num_rows
    table = table.append_column(FILE, pa.array(np.full(count, number, dtype=np.int64)))
    table = table.append_column(ROW, pa.array(source.rows))
    return table.append_column(GIVEN, pa.array(np.full(count, split, dtype=np.int64)))


def _joined(parts: list[pa.Table]) -> pa.Table:
    """One table; a column whose type differs between files becomes text."""
    types: dict[str, set[str]] = {}
    for part in parts:
        for field in part.schema:
            types.setdefault(field.name, set()).add(str(field.type))
    mixed = {name for name, kinds in types.items() if len(kinds - {"null"}) > 1}
    return pa.concat_tables([_as_text(part, mixed) for part in parts], promote_options="permissive")


def _as_text(table: pa.Table, names: set[str]) -> pa.Table:
    for place, name in enumerate(table.column_names):
        if name in names and not is_text(table.schema.field(name).type):
            table = table.set_column(place, name, text_column(table[name]))
    return table


__all__ = ["FILE", "GIVEN", "ROW", "Gathered", "gather"]
