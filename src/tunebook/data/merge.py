"""New labelled rows beside those of a book: another version of its data, in which every old row is where it was.

Old rows are copied as they stand, value for value, with their split. New rows are read as a file of challenges is:
under the book's columns, cleaning and labels. None of them may stand on another side than an old row of its text, or of
its group; the rest is cut anew, so that there is a second test split, of the new period. The column `_version` tells in
which version a row came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import parquet

from tunebook.core.errors import DataError
from tunebook.core.files import content_id, file_id
from tunebook.core.locations import data_version
from tunebook.core.nouns import SPLITS, DataRef, write_json
from tunebook.data.chats import CHAT_COLUMN
from tunebook.data.columns import storable, text_column
from tunebook.data.describe import describe, find_warnings
from tunebook.data.external import External, external_table
from tunebook.data.fingerprint import content_of
from tunebook.data.frozen import SPLIT
from tunebook.data.kind import column_kind
from tunebook.data.ledger import Entry, Ledger
from tunebook.data.load import load_table
from tunebook.data.merge_sides import OUT, placed
from tunebook.data.prepare import LEDGER, ROWS
from tunebook.data.votes import OWN, annotator_columns

VERSION = "_version"


@dataclass(frozen=True)
class Merged:
    """What a merge came to.

    Attributes:
        ref: of the new version; rows: new ones by split; dropped: reason -> new rows that are not in it.
    """

    ref: DataRef
    rows: dict[str, int]
    dropped: dict[str, int]


def merge_id(base: DataRef, files: Sequence[Path], test: float) -> str:
    """What a version is made of: the same gives the same version."""
    return content_id([base.content, sorted(file_id(path) for path in files), test])


def merge(base: DataRef, files: Sequence[Path], into: Path, version: int, *, test: float = 0.3) -> Merged:
    """Write a version of a book's rows that holds the new ones of these files too.

    Args:
        base: the version that it follows.
        into: an empty folder.
        test: share of the new texts that become the second test split. The others are cut into training and validation
            rows as the book's are.

    Raises:
        DataError: `retrain.kind`, rows of this task cannot be merged yet; `retrain.nothing`, nothing is new;
            `data.conflicts`, where the book refuses them; and as `external_table` says of a file.
    """
    old = load_table(base)
    kind = column_kind(base.labels.problem)
    if kind.of_passages or kind.of_chats or CHAT_COLUMN in old.column_names:
        raise DataError("retrain.kind", key=base.task)
    ledger, parts, names = Ledger(), [], _file_names(files)
    for place, path in enumerate(files):
        found = external_table(base, path)
        ledger.count(names[place], len(found.numbers))
        parts.append(_shaped(found, old.schema, base, (names[place], version)))
    new = pa.concat_tables(parts).combine_chunks()
    side = placed(old, new, base, test)
    dropped = {}
    for reason, places in side.out.items():
        dropped[reason] = len(places)
        for name in names:
            mine = places[pc.equal(new["_file"], name).to_numpy()[places]]
            ledger.note(Entry("dropped", reason, name, new["_row"].to_numpy()[mine]))
    kept = np.flatnonzero(side.of != OUT)
    if not len(kept):
        raise DataError("retrain.nothing", key=", ".join(names), value=new.num_rows)
    splits = pa.array(SPLITS).take(pa.array(side.of[kept]))
    new = new.take(pa.array(kept))
    new = new.set_column(new.column_names.index("_split"), "_split", splits.cast(old.schema.field("_split").type))
    table = pa.concat_tables([_numbered(old, 1), _numbered(new, version)]).combine_chunks()
    ref = renewed(
        base,
        table,
        into,
        {f"v{version}/{name}": file_id(path) for name, path in zip(names, files, strict=True)},
        ledger,
    )
    counts: dict[str, int] = {split: int((side.of == number).sum()) for number, split in enumerate(SPLITS)}
    told = {"version": version, "parent": base.content, "id": merge_id(base, files, test), "rows": counts}
    ref = ref.model_copy(update={"stats": {**ref.stats, "merged": {**told, "dropped": dropped}}})
    parquet.write_table(table, into / ROWS, compression="zstd")
    ledger.write(into / LEDGER)
    write_json(ref.model_copy(update={"path": Path()}), into / SPLIT)
    return Merged(ref, counts, dropped)


def _sources(names: Sequence[str], files: Sequence[Path], version: int) -> dict[str, str]:
    return {f"v{version}/{name}": file_id(path) for name, path in zip(names, files, strict=True)}


def _file_names(files: Sequence[Path]) -> list[str]:
    """The files' own names, with their folders where two are alike."""
    names = [path.name for path in files]
    return [name if names.count(name) == 1 else path.as_posix() for name, path in zip(names, files, strict=True)]


def read_merged(ref: DataRef) -> Merged:
    """What the merge came to that made a version."""
    told = ref.stats["merged"]
    return Merged(ref, dict(told["rows"]), dict(told["dropped"]))


def _shaped(found: External, schema: pa.Schema, base: DataRef, came: tuple[str, int]) -> pa.Table:
    """Rows of a file with the columns of the book's, in their order; what the file lacks is null."""
    count = found.table.num_rows
    file, version = came
    numbers = found.numbers if len(found.numbers) == count else np.arange(1, count + 1)
    ours: dict[str, Any] = {  # what a file says under these names is not what the book means by them
        "_id": pa.array([f"v{version}:{file}:{number}" for number in numbers.tolist()]),
        "_row": pa.array(numbers),
        "_file": pa.array([file] * count),
        "_split": pa.array(["train"] * count),
        "weight": _weights(found.source, base.roles.weight),
    }
    columns = []
    for field in schema:
        if field.name in found.table.column_names and field.name not in ours:
            column = found.table[field.name]
        elif field.name in ours:
            column = ours[field.name]
        else:
            said = field.name.removeprefix("source_") if field.name.removeprefix("source_") in OWN else field.name
            there = said in found.source.column_names and said not in OWN
            column = storable(found.source[said]) if there else pa.nulls(count, field.type)
        columns.append(_cast(column, field))
    return pa.table(columns, schema=schema)


def _cast(column: Any, field: pa.Field) -> Any:
    """A column of the book's type; what cannot be read as such is null."""
    if column.type == field.type:
        return column
    try:
        return column.cast(field.type)
    except pa.ArrowException:
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            return text_column(pa.chunked_array([column]) if isinstance(column, pa.Array) else column).cast(field.type)
        return pa.nulls(len(column), field.type)


def _weights(source: pa.Table, name: str | None) -> Any:
    if name is None or name not in source.column_names:
        return pa.array(np.ones(source.num_rows))
    words = text_column(source[name]).to_pylist()
    try:
        found = np.array([float(word or "nan") for word in words])
    except ValueError:
        found = np.full(len(words), np.nan)
    if not (np.isfinite(found) & (found >= 0)).all():
        raise DataError("retrain.weight", key=name)
    return pa.array(found)


def _numbered(table: pa.Table, version: int) -> pa.Table:
    """With the version in which each row came, where nothing says it yet."""
    if VERSION in table.column_names:
        kept = pc.fill_null(table[VERSION], version)
        return table.set_column(table.column_names.index(VERSION), VERSION, kept.cast(pa.int64()))
    return table.append_column(VERSION, pa.array(np.full(table.num_rows, version, dtype=np.int64)))


def renewed(base: DataRef, table: pa.Table, into: Path, files: dict[str, str], ledger: Ledger) -> DataRef:
    """What is known of a version, from its rows; what made the one that it follows is no part of it.

    Args:
        files: name -> hash of those that came on top.
    """
    stats = describe(table, base.labels, annotator_columns(base.roles, table.column_names))
    kept = {
        name: value
        for name, value in base.stats.items()
        if name not in ("tokens", "learnt", "warnings", "merged", "corrected")
    }
    whole = {**kept, **stats, "ledger": ledger.summary()}
    whole["warnings"] = [*find_warnings(whole), *column_kind(base.labels.problem).doubts(whole)]
    return base.model_copy(
        update={
            "path": into,
            "sources": {**base.sources, **files},
            "rows": {split: stats["rows"][split] for split in SPLITS},
            "content": content_of(table, None),
            "stats": whole,
        }
    )


def versions_of(ref: DataRef) -> NDArray[np.int64]:
    """In which version each row of the test split came, shape (N,), in the order of `load`."""
    table = load_table(ref)
    test = table.filter(pc.equal(table["_split"], "test"))
    if VERSION not in table.column_names:
        return np.full(test.num_rows, data_version(ref.path.name) or 1, dtype=np.int64)
    return np.asarray(test[VERSION].to_numpy(), dtype=np.int64)


__all__ = ["VERSION", "Merged", "merge", "merge_id", "read_merged", "renewed", "versions_of"]
