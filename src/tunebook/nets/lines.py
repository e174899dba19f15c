"""Batches of rows that have several lines each: texts, windows of a text, or pairs of a query and a passage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tunebook.core.batch import Batch
from tunebook.core.encoded import Encoded


@dataclass(frozen=True)
class Lines:
    """The lines of rows, one after the other.

    Attributes:
        encoded: the rows.
        first: number of the first token of each line, shape (lines,).
        row: the row that each is of, shape (lines,).
    """

    encoded: Encoded
    first: NDArray[np.int64]
    row: NDArray[np.int64]

    @staticmethod
    def of(encoded: Encoded, *columns: str) -> Lines:
        """A line begins with each row, and wherever one of these columns changes."""
        row = np.repeat(np.arange(len(encoded)), encoded.lengths)
        changed = np.diff(row, prepend=-1) != 0
        for name in columns:
            changed |= np.diff(encoded.flat[name], prepend=-1) != 0
        first = np.flatnonzero(changed)
        return Lines(encoded, first, row[first])

    def padded(self, values: NDArray[Any], fill: int) -> torch.Tensor:
        """Values of all tokens as (lines, longest), int64."""
        sizes = np.diff(self.first, append=self.encoded.lengths.sum())
        real = np.arange(int(sizes.max())) < sizes[:, None]
        out = np.full(real.shape, fill, dtype=np.int64)
        out[real] = values
        return torch.from_numpy(out)

    def batch(self, names: Sequence[str], pad: int) -> Batch:
        """`input_ids` and the other columns of tokens of these names, `attention_mask`, and what rows have for each of
        their lines."""
        flat, fixed = self.encoded.flat, self.encoded.fixed
        batch: Batch = {name: self.padded(flat[name], pad if name == "input_ids" else 0) for name in names}
        batch["attention_mask"] = self.padded(np.ones(int(self.encoded.lengths.sum())), 0)
        return batch | {name: torch.from_numpy(column[self.row]) for name, column in fixed.items()}


__all__ = ["Lines"]
