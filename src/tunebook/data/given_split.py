"""A column that says which split a row belongs to."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.core.nouns import SPLITS, Split
from tunebook.data.columns import text_column
from tunebook.data.names import SPLIT, plain

_WORDS = {
    "train": ("train", "training", "tr", "训练", "训练集"),
    "validation": ("validation", "valid", "val", "dev", "development", "eval", "验证", "验证集", "开发集"),
    "test": ("test", "testing", "te", "heldout", "holdout", "测试", "测试集"),
}
KNOWN_SPLITS = {word: SPLITS.index(split) for split, words in _WORDS.items() for word in words}


def split_of(word: str) -> Split | None:
    """The split that a word names; `oos_train` is a further part of the rows to train on."""
    name = plain(word)
    place = KNOWN_SPLITS.get(name, KNOWN_SPLITS.get(name.rpartition("_")[2]))
    return None if place is None else SPLITS[place]


def split_column(table: pa.Table) -> str | None:
    """A column whose name and whose values are those of splits, or whose values are training rows and others."""
    for name in table.column_names:
        if pa.types.is_nested(table[name].type):
            continue
        words = {word for word in pc.unique(_plain(table[name])).to_pylist() if word}
        there = {KNOWN_SPLITS.get(word) for word in words}
        if words and None not in there and (plain(name) in SPLIT or (0 in there and len(there) > 1)):
            return str(name)
    return None


def given_splits(table: pa.Table, name: str, file: str) -> NDArray[np.int64]:
    """The split of each row, as number into SPLITS.

    Raises:
        DataError: `data.split_column`, a cell names none.
    """
    words = _plain(table[name]).to_pylist()
    known = {word: split_of(word or "") for word in dict.fromkeys(words)}
    odd = [str(word) for word, split in known.items() if split is None]
    if odd:
        raise DataError("data.split_column", key=name, value=odd[:3], file=file, allowed=" | ".join(KNOWN_SPLITS))
    places = {word: SPLITS.index(split) for word, split in known.items() if split is not None}
    return np.array([places[word] for word in words], dtype=np.int64)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.utf8_lower(pc.utf8_trim_whitespace(text_column(column)))


__all__ = ["KNOWN_SPLITS", "given_splits", "split_column", "split_of"]
