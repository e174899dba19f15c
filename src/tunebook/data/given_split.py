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
# Columns that say of each row whether it belongs to one split; `is_valid` rather says that a row is in order.
_FLAGS: dict[str, Split] = {
    "is_train": "train", "is_training": "train", "is_dev": "validation", "is_val": "validation",
    "is_validation": "validation", "is_test": "test", "is_holdout": "test",
}  # fmt: skip
_YES, _NO = (
    frozenset(("1", "1.0", "true", "t", "yes", "y", "是")),
    frozenset(("0", "0.0", "false", "f", "no", "n", "否")),
)
_SAMPLE = 5000
_FOLDS = ("fold_id", "kfold", "cv_fold", "k_fold")
KNOWN_SPLITS = {word: SPLITS.index(split) for split, words in _WORDS.items() for word in words}


def split_of(word: str) -> Split | None:
    """The split that a word names; `oos_train` is a further part of the rows to train on."""
    name = plain(word)
    place = KNOWN_SPLITS.get(name, KNOWN_SPLITS.get(name.rpartition("_")[2]))
    return None if place is None else SPLITS[place]


def split_column(table: pa.Table) -> str | None:
    """A column whose name and whose values are those of splits, or whose values are training rows and others."""
    for name in table.column_names:
        words = _few(table[name])
        there = {KNOWN_SPLITS.get(word) for word in words}
        if plain(name) in _FLAGS and words and words <= _YES | _NO:
            return str(name)
        if words and None not in there and (plain(name) in SPLIT or (0 in there and len(there) > 1)):
            return str(name)
    return None


def fold_column(table: pa.Table) -> str | None:
    """A column that numbers the folds of a cross-validation."""
    return next((str(name) for name in table.column_names if _numbers_folds(plain(name), table[name])), None)


def places_rows(name: str, column: pa.ChunkedArray) -> bool:
    """Whether a column says where a row belongs, a split or a fold, so that it is no label."""
    return split_column(pa.table({name: column})) is not None or _numbers_folds(name, column)


def _numbers_folds(name: str, column: pa.ChunkedArray) -> bool:
    return name in (*SPLIT, *_FOLDS) and bool(words := _values(column)) and all(map(str.isdigit, words))


def _few(column: pa.ChunkedArray) -> set[str]:
    """What a column holds, or its first cells alone where these hold more words than any column of splits."""
    first = _values(column.slice(0, _SAMPLE))
    return first if len(first) > len(KNOWN_SPLITS) + len(_YES | _NO) else _values(column)


def _values(column: pa.ChunkedArray) -> set[str]:
    """What a column holds, in lower case; nothing where its cells are lists."""
    if pa.types.is_nested(column.type):
        return set()
    return {word for word in pc.unique(_plain(column)).to_pylist() if word}


def given_splits(table: pa.Table, name: str, file: str) -> NDArray[np.int64]:
    """The split of each row, as number into SPLITS.

    Raises:
        DataError: `data.split_column`, a cell names none.
    """
    words = _plain(table[name]).to_pylist()
    known = {word: _named(word or "", _FLAGS.get(plain(name))) for word in dict.fromkeys(words)}
    odd = [str(word) for word, split in known.items() if split is None]
    if odd:
        raise DataError("data.split_column", key=name, value=odd[:3], file=file, allowed=" | ".join(KNOWN_SPLITS))
    places = {word: SPLITS.index(split) for word, split in known.items() if split is not None}
    return np.array([places[word] for word in words], dtype=np.int64)


def _named(word: str, flag: Split | None) -> Split | None:
    """The split that a cell names; of a column that says yes or no to one, that one or what is left for the others."""
    if flag is None or word not in _YES | _NO:
        return split_of(word)
    other: Split = "test" if flag == "train" else "train"
    return flag if word in _YES else other


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.utf8_lower(pc.utf8_trim_whitespace(text_column(column)))


__all__ = ["KNOWN_SPLITS", "fold_column", "given_splits", "places_rows", "split_column", "split_of"]
