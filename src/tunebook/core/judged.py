"""Passages of queries as matrices: one line a query, their number first, then passage and value of each, and zeros.

The value is a gain in targets (above 0: relevant; 0: judged and not relevant) and a score in answers, best first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Ints = NDArray[np.int64]
MOST = 1 << 24  # passages: a matrix of float32 holds whole numbers exactly up to here


@dataclass(frozen=True)
class Judged:
    """Passages of N queries, query by query; arrays of shape (M,).

    Attributes:
        row: number of the query; passage: number of the passage; value: gain or score.
        rows: number of queries N.
    """

    row: Ints
    passage: Ints
    value: Array
    rows: int

    @classmethod
    def of(cls, matrix: Array) -> Judged:
        """Those of a matrix (N, 1 + 2 S); a line of NaN has none."""
        known = np.nan_to_num(np.asarray(matrix))
        blocks = known[:, 1:].reshape(len(known), known.shape[1] // 2, 2)
        row, place = np.nonzero(np.arange(blocks.shape[1]) < known[:, :1])
        found = blocks[row, place]
        return cls(row.astype(np.int64), found[:, 0].astype(np.int64), found[:, 1], len(known))

    @property
    def counts(self) -> Ints:
        """How many passages each query has, shape (N,)."""
        return np.bincount(self.row, minlength=self.rows)

    @property
    def places(self) -> Ints:
        """The place of each passage among those of its query, from 0; shape (M,)."""
        counts = self.counts
        return np.arange(len(self.row)) - np.repeat(np.cumsum(counts) - counts, counts)

    def matrix(self, dtype: Any = np.float64) -> Array:
        """The matrix (N, 1 + 2 S), as narrow as it can be."""
        counts = self.counts
        blocks = np.zeros((self.rows, int(counts.max(initial=0)), 2), dtype=dtype)
        blocks[self.row, self.places] = np.stack([self.passage, self.value], axis=1)
        return np.concatenate([counts[:, None].astype(dtype), blocks.reshape(self.rows, 2 * blocks.shape[1])], axis=1)

    def at(self, chosen: Array) -> Judged:
        """Some of the passages, of the same queries."""
        return replace(self, row=self.row[chosen], passage=self.passage[chosen], value=self.value[chosen])

    def best(self, most: int) -> Judged:
        """The `most` of each query with the highest values, best first; equal ones by the number of the passage."""
        ordered = self.at(np.lexsort((self.passage, -self.value, self.row)))
        return ordered.at(ordered.places < most)

    def values_in(self, other: Judged) -> Array:
        """What the other says of each of these passages for the same query, shape (M,); NaN where it says nothing."""
        wide = 1 + max(int(self.passage.max(initial=0)), int(other.passage.max(initial=0)))
        keys, asked = other.row * wide + other.passage, self.row * wide + self.passage
        if not len(keys):
            return np.full(len(asked), np.nan)
        order = np.argsort(keys, kind="stable")
        place = order[np.minimum(np.searchsorted(keys[order], asked), len(keys) - 1)]
        return np.where(keys[place] == asked, other.value[place].astype(np.float64), np.nan)


def told_apart(judged: Judged, said: Judged | None = None) -> dict[str, NDArray[np.bool_]]:
    """Which queries have, shape (N,): a relevant passage (`relevant`); beside it another (`both`); both of them scored
    by a teacher (`scored_both`); two of any kind that were scored (`scored_two`).

    Args:
        said: what the teacher says; None for nothing.
    """
    right = judged.value > 0
    known = np.isfinite(judged.values_in(said)) if said is not None else np.zeros(len(right), dtype=bool)

    def count(which: Array) -> Ints:
        return np.bincount(judged.row[which], minlength=judged.rows)

    return {
        "relevant": count(right) > 0,
        "both": (count(right) > 0) & (count(~right) > 0),
        "scored_both": (count(right & known) > 0) & (count(~right & known) > 0),
        "scored_two": count(known) > 1,
    }


__all__ = ["MOST", "Judged", "told_apart"]
