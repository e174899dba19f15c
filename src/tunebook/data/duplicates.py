"""Rows with the same text: found by a hash of the text as a person reads it, without regard to case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from tunebook.data.ledger import Numbers

Keys = NDArray[np.uint64]
_BATCH = 1 << 17


@dataclass(frozen=True)
class Repeats:
    """Repeated texts.

    Attributes:
        again: places of rows whose text and label stand in an earlier row too.
        conflicts: places of rows whose text stands elsewhere with another label.
    """

    again: Numbers
    conflicts: Numbers


def text_keys(texts: pa.ChunkedArray, pairs: pa.ChunkedArray | None = None) -> Keys:
    """A 64-bit hash (XXH3) of each text in lower case, with its pair where there is one."""
    whole = pc.utf8_lower(texts)
    if pairs is not None:
        whole = pc.binary_join_element_wise(whole, pc.utf8_lower(pairs), pa.scalar("\x1f", pa.large_string()))
    return hashes(whole)


def hashes(column: pa.ChunkedArray) -> Keys:
    """The XXH3 hash of each string."""
    parts = [np.zeros(0, dtype=np.uint64)]
    for chunk in column.chunks:
        for start in range(0, len(chunk), _BATCH):
            values = chunk.slice(start, _BATCH).cast(pa.large_binary()).to_pylist()
            parts.append(np.fromiter(map(xxhash.xxh3_64_intdigest, values), np.uint64, len(values)))
    return np.concatenate(parts)


def find_repeats(keys: Keys, labels: Keys) -> Repeats:
    """Which rows come again. The first row of each text and label is no repeat.

    Args:
        keys: hash of each row's text, shape (N,).
        labels: hash of each row's label, shape (N,).
    """
    order = np.lexsort((np.arange(len(keys)), labels, keys))
    same_text = keys[order][1:] == keys[order][:-1]
    same_label = labels[order][1:] == labels[order][:-1]
    again = order[1:][same_text & same_label]
    groups = np.concatenate(([0], np.cumsum(~same_text))) if len(keys) else np.zeros(0, dtype=np.int64)
    differ = np.zeros(int(groups[-1]) + 1 if len(groups) else 0, dtype=bool)
    differ[groups[1:][same_text & ~same_label]] = True
    return Repeats(np.sort(again), np.sort(order[differ[groups]]))


def found_in(keys: Keys, others: Keys) -> Numbers:
    """Places of the rows whose text is among the others."""
    return np.flatnonzero(np.isin(keys, others)).astype(np.int64)


__all__ = ["Keys", "Repeats", "find_repeats", "found_in", "hashes", "text_keys"]
