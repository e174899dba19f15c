"""All the files of a book as one table, every row with its file, its number there and the split that it was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.nouns import SPLITS, Roles, Split
from tunebook.data.columns import is_text, text_column
from tunebook.data.exports import told
from tunebook.data.given_split import fold_column, given_splits, split_column
from tunebook.data.kind import kinds_for
from tunebook.data.label_columns import class_names, joined_name, label_table, with_fields
from tunebook.data.ledger import Action, Entry, Ledger
from tunebook.data.names import WEIGHT_TOO, plain
from tunebook.data.options import DataOptions
from tunebook.data.read import ReadFile, checked_file, read
from tunebook.data.roles import check_columns, find_roles, other_text
from tunebook.data.sheet_damage import filled_down, refuse_spoilt

# Columns of our own, under names that no file has.
FILE, ROW, GIVEN, TIME = "\0file", "\0row", "\0split", "\0time"


@dataclass(frozen=True)
class Gathered:
    """Files read and joined.

    Attributes:
        table: columns of the files, and FILE (number into `files`), ROW, GIVEN (0 train, 1 validation, 2 test: what
            the file is for).
        files: name of each file; sources: name -> hash of its bytes.
        given: splits that came in files of their own.
        notes: name -> what was found out of the file.
        options: as they were given, with the names of classes that the files say.
        coded: the labels are numbers of classes whose names a file's schema has.
        corpus: passages that rows name by their id, columns `id` and `text`.
    """

    table: pa.Table
    roles: Roles
    files: list[str]
    sources: dict[str, str]
    given: frozenset[Split]
    notes: dict[str, dict[str, str]]
    options: DataOptions
    coded: bool = False
    corpus: pa.Table | None = None


def gather(paths: dict[Split, Sequence[Path]], options: DataOptions, ledger: Ledger) -> Gathered:
    """Read all files, find the roles in the training files and check them in the others.

    Raises:
        DataError: a file cannot be read, or lacks a column that plays a part.
    """
    wanted = [(split, path) for split in SPLITS for path in paths.get(split, ())]
    names = _file_names([path for _, path in wanted])
    sources = [_filled_down(read(path, options), options, name) for (_, path), name in zip(wanted, names, strict=True)]
    sources, options = _one_label(sources, names, options)
    sources, options, shaped = _shaped(sources, names, options)
    known = told(options, sources[0].roles, sources[0].table.column_names).model_copy(update=shaped)
    roles = find_roles(sources[0].table, known, file=names[0])
    coded = _class_names(sources, str(roles.label))
    options = options if coded is None else options.model_copy(update={"label_names": _renamed(coded, options)})
    parts = []
    for number, ((split, _), source) in enumerate(zip(wanted, sources, strict=True)):
        check_columns(source.table, _columns_of(roles), names[number])
        refuse_spoilt(source, roles, options, names[number])
        _record(source, names[number], ledger)
        parts.append(_marked(source, number, _splits(source, split, options, names[number])))
    table = _joined(parts)
    side = table[GIVEN].to_numpy()
    if np.any(np.diff(side) < 0):  # rows to train on come first in a draft
        table = table.take(pa.array(np.argsort(side, kind="stable")))
    given = pc.unique(table[GIVEN]).to_pylist()
    return Gathered(
        table=table,
        roles=roles,
        files=names,
        sources=dict(zip(names, (source.hash for source in sources), strict=True)),
        given=frozenset(SPLITS[number] for number in given) | {split for split, _ in wanted},
        notes=dict(zip(names, (_notes(source, roles, options) for source in sources), strict=True)),
        options=options,
        coded=coded is not None,
        corpus=_corpus(sources),
    )


def _corpus(sources: Sequence[ReadFile]) -> pa.Table | None:
    """The passages of all files: what two of them share, such as training and test queries of one corpus, is joined."""
    found = [source.corpus for source in sources if source.corpus is not None]
    return pa.concat_tables(found) if found else None


def _one_label(
    sources: list[ReadFile], names: Sequence[str], options: DataOptions
) -> tuple[list[ReadFile], DataOptions]:
    """The files with one column of labels, where a column a class or a field of objects was told."""
    columns = options.label_columns
    if columns is not None and options.label is not None:
        raise DataError("data.label_or_columns", key=options.label, value=columns)
    joined = []
    for source, name in zip(sources, names, strict=True):
        check_columns(source.table, columns or (), name)
        table = label_table(with_fields(source.table, _told(options)), options.label, columns, name)
        joined.append(replace(source, table=table))
    if columns is None:
        return joined, options
    name = joined_name(columns)
    told: dict[str, Any] = {"label": name}
    if pa.types.is_integer(joined[0].table[name].type.value_type):  # a vector: its places are the columns
        told["label_names"] = _renamed(columns, options)
    return joined, options.model_copy(update=told)


def _shaped(
    sources: list[ReadFile], names: Sequence[str], options: DataOptions
) -> tuple[list[ReadFile], DataOptions, dict[str, Any]]:
    """The files with one column of labels, where their shape says of what kind these are; and the parts of columns.

    Raises:
        DataError: `data.shape`, the first file is of this kind and another one is not; `data.task`.
    """
    for kind in sorted(kinds_for(options.problem, None), key=lambda kind: options.task not in kind.tasks):
        tables = [
            kind.shaped(source.table, told(options, source.roles, source.table.column_names), True)
            for source in sources
        ]
        if tables[0] is None:
            continue
        kinds_for(kind.key, options.task)
        found = []
        for source, name, shaped in zip(sources, names, tables, strict=True):
            if shaped is None:
                raise DataError("data.shape", key=name, value=kind.key, file=names[0])
            found.append(checked_file(source, kind, *shaped))
        parts = tables[0][1]
        own = {"group": parts["group"]} if parts.get("group") else {}
        return found, options.model_copy(update={"problem": kind.key, **own}), parts
    return sources, options, {}


def _told(options: DataOptions) -> list[str | None]:
    """Columns that were told, beside those of labels."""
    return [options.text, options.text_pair, options.row_id, options.group, options.time, options.weight]


def _class_names(sources: Sequence[ReadFile], label: str) -> list[str] | None:
    """Names of the classes 0, 1, 2 ... that the files' schemas say.

    Raises:
        DataError: `data.class_names`, two files name them differently.
    """
    said = [class_names(source.table.schema, label) for source in sources]
    other = next((found for found in said if found is not None and found != said[0]), None)
    if other is not None:
        raise DataError("data.class_names", key=label, value=other, allowed=str(said[0]))
    return said[0]


def _renamed(names: Sequence[str], options: DataOptions) -> list[str]:
    """Names of the classes 0, 1, 2 ... as the user wants them, by number or by the name that they had."""
    given = options.label_names or {}
    if isinstance(given, list):
        return given
    return [given.get(str(place), given.get(name, name)) for place, name in enumerate(names)]


def _file_names(paths: Sequence[Path]) -> list[str]:
    """Names for people: the file's own, with its folder where two are alike."""
    names = [path.name for path in paths]
    return [name if names.count(name) == 1 else path.as_posix() for name, path in zip(names, paths, strict=True)]


def _columns_of(roles: Roles) -> list[str]:
    single = (roles.text, roles.text_pair, roles.label, roles.row_id, roles.group, roles.time, roles.weight)
    return [name for name in single if name is not None]


def _record(source: ReadFile, name: str, ledger: Ledger) -> None:
    ledger.count(name, source.read)
    for reason, rows in source.faults.items():
        details = list(rows.values()) if any(rows.values()) else ()
        ledger.note(Entry("dropped", reason, name, np.array(list(rows), dtype=np.int64), details))
    for action, reasons in (("dropped", source.aside), ("changed", source.changed)):
        for reason, numbers in reasons.items():
            ledger.note(Entry(cast(Action, action), reason, name, np.array(numbers, dtype=np.int64)))


def _filled_down(source: ReadFile, options: DataOptions, name: str) -> ReadFile:
    """With the columns that were told to be filled from above."""
    columns = options.fill_down or []
    check_columns(source.table, columns, name)
    return replace(source, table=filled_down(source.table, columns)) if columns else source


def _notes(source: ReadFile, roles: Roles, options: DataOptions) -> dict[str, str]:
    """What was found out of a file, with the columns that look as if they played a part and were not asked to."""
    played = set(_columns_of(roles))
    told_by = options.split_by or _split_column(source, options)
    split = None if told_by else split_column(source.table)
    weights = [name for name in source.table.column_names if plain(name) in WEIGHT_TOO and name not in played]
    folds = None if told_by else fold_column(source.table)
    idle = {
        "split_column": split,
        "fold_column": folds,
        "weight_column": weights[0] if weights and roles.weight is None else None,
    }
    if roles.text_pair is None and options.text is None and "text" not in source.roles:  # nobody chose one of the two
        idle["second_text"] = other_text(source.table, [*played, *roles.annotators])
    return source.notes | {note: column for note, column in idle.items() if column and column not in played}


def _splits(source: ReadFile, split: Split, options: DataOptions, name: str) -> NDArray[np.int64]:
    """The split of each row: that of its file, or as a column of the training files says."""
    column = _split_column(source, options)
    if column is None or split != "train":
        return np.full(source.table.num_rows, SPLITS.index(split), dtype=np.int64)
    check_columns(source.table, [column], name)
    return given_splits(source.table, column, name)


def _split_column(source: ReadFile, options: DataOptions) -> str | None:
    """The column of splits: as told, else as the file's format says, unless the split is told in another way."""
    return options.split_column or (None if options.split_by else source.roles.get("split_column"))


def _marked(source: ReadFile, number: int, splits: NDArray[np.int64]) -> pa.Table:
    table = source.table
    table = table.append_column(FILE, pa.array(np.full(table.num_rows, number, dtype=np.int64)))
    table = table.append_column(ROW, pa.array(source.rows))
    return table.append_column(GIVEN, pa.array(splits))


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


__all__ = ["FILE", "GIVEN", "ROW", "TIME", "Gathered", "gather"]
