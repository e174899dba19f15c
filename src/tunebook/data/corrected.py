"""Labels put right: another version of a book's data, in which some rows have other labels, or are gone.

Every other row stays as it is and where it is. A correction belongs to a row, by its id, and is read as labels of the
book's own files are.
"""

from __future__ import annotations

import csv
import io
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from tunebook.core.errors import DataError, machine_error, near
from tunebook.core.files import content_id
from tunebook.core.kind import Kind
from tunebook.core.nouns import DataRef, write_json
from tunebook.data.frozen import SPLIT
from tunebook.data.kind import column_kind
from tunebook.data.labels import CellKind
from tunebook.data.ledger import Action, Entry, Ledger
from tunebook.data.load import load_table
from tunebook.data.merge import renewed
from tunebook.data.prepare import LEDGER, ROWS

CORRECTION = "corrected"  # reason in the ledger, and key of what a version says of its making


@dataclass(frozen=True)
class Corrected:
    """What corrections came to.

    Attributes:
        ref: of the new version. changed: ids of rows with another label; dropped: of those that are gone; same: of
            those that have this label already. splits: how many of the changed and the dropped each split has.
    """

    ref: DataRef
    changed: list[str]
    dropped: list[str]
    same: list[str]
    splits: dict[str, int]


def read_corrections(path: Path, column: str = "label") -> dict[str, str]:
    """Id of a row -> its label, from a CSV or TSV file with the columns `id` and one of labels.

    Raises:
        DataError: `correct.file`, it cannot be read, or a line has fewer or more cells than the heading (an empty
            label drops a row, a line that broke off does not); `correct.column`, a column is missing;
            `correct.twice`, a row stands in it twice with two labels.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("correct.file", key=str(path), reason="UTF-8") from error
    except OSError as error:
        raise machine_error(error, path) or DataError("correct.file", key=str(path), reason=str(error)) from error
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    csv.field_size_limit(sys.maxsize)  # files of suspected labels hold the texts, some of which are long
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise DataError("correct.file", key=str(path), reason=str(error)) from error
    names = rows[0] if rows else []
    for name in ("id", column):
        if name not in names:
            raise DataError("correct.column", key=str(path), value=name, allowed=" | ".join(names))
        if names.count(name) > 1:
            raise DataError("correct.file", key=str(path), reason=f"{name}, {name}")
    found: dict[str, str] = {}
    for number, row in enumerate(rows[1:], start=2):
        if row and len(row) != len(names):  # cut off, or a comma without quotes: the label is another cell, or none
            reason = f"{number}: {len(row)} / {len(names)} ({', '.join(names)})"
            raise DataError("correct.file", key=str(path), reason=reason)
        key, label = (row[names.index(name)].strip() if row else "" for name in ("id", column))
        if key and found.setdefault(key, label) != label:
            raise DataError("correct.twice", key=f"{path}:{number}", value=key)
    return found


def in_cells(kind: Kind) -> bool:
    """Whether labels of a kind can be put right: each is one cell of a file."""
    return isinstance(kind, CellKind)


def corrected(base: DataRef, labels: Mapping[str, str], into: Path, version: int) -> Corrected:
    """Write a version of a book's rows with these labels.

    Args:
        base: the version that it follows. labels: id of a row -> its label, in the words of the book's files; an empty
            one drops the row. into: an empty folder.

    Raises:
        DataError: `correct.kind`, labels of this kind cannot be put right so; `correct.unknown`, there is no such row;
            `correct.label`, there is no such class; `correct.nothing`, no row would change.
    """
    table = load_table(base)
    kind = column_kind(base.labels.problem)
    if not in_cells(kind):
        raise DataError("correct.kind", key=base.task)
    places = {str(key): place for place, key in enumerate(table["_id"].to_pylist())}
    if (unknown := next((key for key in labels if key not in places), None)) is not None:
        raise DataError("correct.unknown", key="id", value=unknown, near=near(unknown, places))
    given = [(places[key], label) for key, label in labels.items() if label]
    known = _read(base, {key: label for key, label in labels.items() if label})
    order = [place for place, _ in given]
    old, new = kind.text(table["label"].take(pa.array(order, pa.int64()))), kind.text(pa.chunked_array([known]))
    others = [index for index, (a, b) in enumerate(zip(old.to_pylist(), new.to_pylist(), strict=True)) if a != b]
    gone = sorted(places[key] for key, label in labels.items() if not label)
    if not others and not gone:
        raise DataError("correct.nothing", key="label", value=len(labels))
    column = _replaced(table["label"], [order[index] for index in others], known.take(pa.array(others, pa.int64())))
    table = table.set_column(table.column_names.index("label"), "label", column)
    ids = table["_id"].to_pylist()
    sides = table["_split"].to_pylist()
    made = Corrected(
        base, [ids[order[index]] for index in others], [ids[place] for place in gone],
        [ids[place] for index, place in enumerate(order) if index not in set(others)],
        dict(Counter(sides[place] for place in (*(order[index] for index in others), *gone))),
    )  # fmt: skip
    noted: dict[Action, list[int]] = {"dropped": gone, "changed": sorted(order[index] for index in others)}
    return _written(base, table, noted, made, into, version)


def _read(base: DataRef, labels: Mapping[str, str]) -> pa.Array:
    """Labels of rows as the prepared rows hold them."""
    kind = column_kind(base.labels.problem)

    def read(words: list[str]) -> tuple[pa.Array | pa.ChunkedArray, list[str]]:
        return kind.known(pa.chunked_array([pa.array(words, pa.string())]), base)

    known, unknown = read(list(labels.values()))
    if unknown:
        row = next(key for key, label in labels.items() if read([label])[1])
        allowed = " | ".join(base.labels.names[:20]) or "0.5"
        raise DataError("correct.label", key=row, value=unknown[0], allowed=allowed)
    return known if isinstance(known, pa.Array) else known.combine_chunks()


def _replaced(column: pa.ChunkedArray, places: list[int], values: pa.Array) -> pa.ChunkedArray:
    """A column with other values at some places."""
    take = np.arange(len(column))
    take[places] = len(column) + np.arange(len(places))
    return pa.chunked_array([*column.chunks, values.cast(column.type)]).take(pa.array(take))


def _written(
    base: DataRef, table: pa.Table, noted: Mapping[Action, list[int]], made: Corrected, into: Path, version: int
) -> Corrected:
    ledger, keep = Ledger(), np.ones(table.num_rows, dtype=bool)
    keep[noted["dropped"]] = False
    names, numbers = table["_file"].to_pylist(), table["_row"].to_numpy()
    for name in dict.fromkeys(names):
        ledger.count(name, names.count(name))
        for action, places in noted.items():
            ledger.note(Entry(action, CORRECTION, name, numbers[[place for place in places if names[place] == name]]))
    table = table.filter(pa.array(keep)).combine_chunks()
    ref = renewed(base, table, into, {}, ledger)
    if ref.rows["train"] == 0 or pc.count_distinct(table["_split"]).as_py() < 1:
        raise DataError("correct.nothing", key="label", value=0)
    told = {"version": version, "parent": base.content, "changed": made.changed, "dropped": made.dropped}
    ref = ref.model_copy(update={"stats": {**ref.stats, CORRECTION: {**told, "id": content_id(told)}}})
    parquet.write_table(table, into / ROWS, compression="zstd")
    ledger.write(into / LEDGER)
    write_json(ref.model_copy(update={"path": Path()}), into / SPLIT)
    return replace(made, ref=ref)


__all__ = ["CORRECTION", "Corrected", "corrected", "in_cells", "read_corrections"]
