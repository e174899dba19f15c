"""Spans of rows as matrices: one line a row, their number first, then the fields of each, and zeros behind.

Behind the predicted spans of a row stands how it was read, where one more span would stand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Ints = NDArray[np.int64]
TRUE, SAID = 3, 4  # fields of a true span (start, end, class) and of a predicted one, which has a score too


@dataclass(frozen=True)
class Spans:
    """Spans of N rows, row by row; arrays of shape (M,). Places are code points, ends are exclusive.

    Attributes:
        row, start, end, label: of each span; score: 1 for true ones.
        read: how each row was read, shape (N, 4), 0 where nobody says: code points, windows, and, of what a plain
            pipeline would read otherwise, tags that were mended and tokens that say other than their piece.
    """

    row: Ints
    start: Ints
    end: Ints
    label: Ints
    score: Array
    read: Ints

    @classmethod
    def of(cls, matrix: Array, fields: int) -> Spans:
        """Those of a matrix (N, 1 + fields * S); a row of NaN has none."""
        known = np.nan_to_num(np.asarray(matrix))
        blocks = known[:, 1:].reshape(len(known), -1, fields)
        row, place = np.nonzero(np.arange(blocks.shape[1]) < known[:, :1])
        found = blocks[row, place]
        start, end, label = (found[:, column].astype(np.int64) for column in range(3))
        if fields == TRUE:
            return cls(row, start, end, label, np.ones(len(row)), np.zeros((len(known), SAID), dtype=np.int64))
        behind = np.pad(blocks, ((0, 0), (0, 1), (0, 0)))[np.arange(len(known)), known[:, 0].astype(np.int64)]
        return cls(row, start, end, label, found[:, 3], behind.astype(np.int64))

    @property
    def rows(self) -> int:
        """Number of rows N."""
        return len(self.read)

    def matrix(self, fields: int) -> Array:
        """The matrix (N, 1 + fields * S) that they were read from, as narrow as it can be."""
        counts = np.bincount(self.row, minlength=self.rows)
        place = np.arange(len(self.row)) - np.repeat(np.cumsum(counts) - counts, counts)
        blocks = np.zeros((self.rows, int(counts.max(initial=0)) + (fields == SAID), fields))
        columns = (self.start, self.end, self.label, self.score)[:fields]
        blocks[self.row, place] = np.stack(columns, axis=1)
        if fields == SAID:
            blocks[np.arange(self.rows), counts] = self.read
        whole = np.concatenate([counts[:, None], blocks.reshape(self.rows, -1)], axis=1)
        return whole.astype(np.float32 if fields == SAID else np.int64)

    def counts(self, types: int) -> Ints:
        """How many of each type each row has, shape (N, types)."""
        found = np.bincount(self.row * types + self.label, minlength=self.rows * types)
        return found.reshape(self.rows, types)

    def at(self, chosen: Array) -> Spans:
        """Some of the spans, of the same rows."""
        names = ("row", "start", "end", "label", "score")
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})


__all__ = ["SAID", "TRUE", "Spans"]
