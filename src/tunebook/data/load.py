"""Prepared rows from the disk, checked against their hash, and which of them were drawn together."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import parquet

from tunebook.core.errors import DataError
from tunebook.core.files import stamp
from tunebook.core.judged import Judged
from tunebook.core.locations import PASSAGES
from tunebook.core.nouns import DataRef, Labels, Roles, Split
from tunebook.core.task import Rows
from tunebook.data.chats import CHAT_COLUMN, chats_of, holds_chats
from tunebook.data.columns import holds_places
from tunebook.data.fingerprint import content_of
from tunebook.data.kind import column_kind
from tunebook.data.passages import TAUGHT
from tunebook.data.prepare import ROWS
from tunebook.data.votes import OWN

_MOST = 64 << 20  # bytes of a table that stays in memory for whoever asks next; larger ones are read again
_SCORES = pa.list_(pa.float64())
_OURS = ("_id", "_split", "text", "pair", "label", "weight")


def load(ref: DataRef, split: Split) -> Rows:
    """The rows of a split; targets are what their kind makes of them.

    Raises:
        DataError: `data.damaged`, rows.parquet is missing, broken or not what was prepared.
    """
    table, passages = _whole(ref)
    return to_rows(table.filter(pc.equal(table["_split"], split)), ref.labels, passages)


def kept_table(ref: DataRef) -> pa.Table:
    """All prepared rows as a table, kept for whoever asks next.

    Raises:
        DataError: `data.damaged`.
    """
    return _whole(ref)[0]


def load_passages(ref: DataRef) -> tuple[list[str], list[str]] | None:
    """Texts and ids of the passages that targets and answers name by number; None where the rows have none.

    Raises:
        DataError: `data.damaged`.
    """
    passages = _whole(ref)[1]
    return None if passages is None else (passages["text"].to_pylist(), passages["id"].to_pylist())


def load_table(ref: DataRef) -> pa.Table:
    """All prepared rows as a table, read and checked anew.

    Raises:
        DataError: `data.damaged`.
    """
    return _read(ref.path, ref.content)[0]


def _whole(ref: DataRef) -> tuple[pa.Table, pa.Table | None]:
    """Rows and passages, kept for whoever asks next unless they are large."""
    table, passages = _held(ref.path, ref.content, (*stamp(ref.path / ROWS), *stamp(ref.path / PASSAGES)))
    if table.nbytes + (0 if passages is None else passages.nbytes) > _MOST:
        _held.cache_clear()
    return table, passages


def _read(folder: Path, content: str) -> tuple[pa.Table, pa.Table | None]:
    """Rows, and the passages that they name."""
    table = _table(folder / ROWS)
    passages = _table(folder / PASSAGES) if (folder / PASSAGES).exists() else None
    found = content_of(table, passages)
    if found != content:
        raise DataError("data.damaged", key=str(folder / ROWS), reason=f"{found} != {content}")
    return table, passages


def _table(path: Path) -> pa.Table:
    try:
        return parquet.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError("data.damaged", key=str(path), reason=str(error).split("\n")[0]) from error


@lru_cache(maxsize=1)
def _held(folder: Path, content: str, stamped: tuple[int, ...]) -> tuple[pa.Table, pa.Table | None]:
    """The same, read once for all splits and all who ask, as long as the files are the same."""
    return _read(folder, content)


def to_rows(table: pa.Table, labels: Labels, passages: pa.Table | None = None) -> Rows:
    """Rows of a prepared table, column by column; with the passages that they name by number."""
    names = table.column_names
    words = table["words"].combine_chunks() if "words" in names and holds_places(table["words"].type) else None
    ours = _OURS if words is None else (*_OURS, "words")
    ours = (*ours, CHAT_COLUMN) if holds_chats(table) else ours
    ours = (*ours, TAUGHT) if passages is not None and TAUGHT in names and table[TAUGHT].type == _SCORES else ours
    return Rows(
        texts=table["text"].to_pylist(),
        pairs=table["pair"].to_pylist() if "pair" in names else None,
        targets=column_kind(labels.problem).of_rows(table, labels) if "label" in names else None,
        ids=table["_id"].to_pylist(),
        weights=table["weight"].to_numpy().astype(np.float32) if "weight" in names else None,
        other={name: table[name].to_pylist() for name in names if name not in ours},
        words=None if words is None else word_places(words),
        passages=None if passages is None else passages["text"].to_pylist(),
        passage_ids=None if passages is None else passages["id"].to_pylist(),
        taught=None if TAUGHT not in ours else taught_scores(table["label"], table[TAUGHT]),
        chats=None if CHAT_COLUMN not in ours else chats_of(table[CHAT_COLUMN]),
    )


def taught_scores(judged: pa.ChunkedArray, taught: pa.ChunkedArray) -> NDArray[np.float64]:
    """A teacher's scores of judged passages, shape (N, 1 + 2 S) as `Judged` packs them, of those that it scored."""
    lists = judged.combine_chunks()
    row = np.repeat(np.arange(len(lists)), pc.fill_null(pc.list_value_length(lists), 0).to_numpy())
    passage = lists.flatten().field("passage").to_numpy(zero_copy_only=False).astype(np.int64)
    scores = taught.combine_chunks().flatten().to_numpy(zero_copy_only=False).astype(np.float64)
    known = np.isfinite(scores)
    found: NDArray[np.float64] = Judged(row, passage, scores, len(lists)).at(known).matrix()
    return found


def word_places(words: pa.Array) -> list[NDArray[np.int64]]:
    """Start and end of each row's words, shape (words, 2), from a column of lists of them."""
    flat = words.flatten()
    ends = np.stack([flat.field(name).to_numpy(zero_copy_only=False) for name in ("start", "end")], axis=1)
    return np.split(ends.astype(np.int64), np.cumsum(pc.fill_null(pc.list_value_length(words), 0).to_numpy())[:-1])


def group_codes(rows: Rows, roles: Roles) -> NDArray[np.int64] | None:
    """The number 0 .. G - 1 of each row's group, shape (N,); a row that names no group is one of its own.

    Spaces around a name do not count, as in the split by groups. None where the book has no group column, the rows
    have lost theirs, or every row is a group of its own: rows are then drawn one by one.
    """
    column = rows.other.get(group_column(roles))
    if column is None:
        return None
    names = [_name(cell) or place for place, cell in enumerate(column)]  # a place is no name: it is not a text
    number = {name: code for code, name in enumerate(dict.fromkeys(names))}
    return np.array([number[name] for name in names], dtype=np.int64) if len(number) < len(names) else None


def group_column(roles: Roles) -> str:
    """What the column of groups is called among the other columns of rows; empty where there is none."""
    return f"source_{roles.group}" if roles.group in OWN else roles.group or ""


def _name(cell: object) -> str:
    """A cell as the name of a group; empty where there is none."""
    return "" if cell is None or cell != cell else str(cell).strip()


__all__ = [
    "group_codes",
    "group_column",
    "kept_table",
    "load",
    "load_passages",
    "load_table",
    "taught_scores",
    "to_rows",
    "word_places",
]
