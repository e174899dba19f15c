"""Batches of windows, with the tag of each token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tunebook.core.batch import Batch
from tunebook.core.encoded import Encoded
from tunebook.tasks.tagging.pieces import END, PART, START, WINDOW
from tunebook.tasks.tagging.tags import IGNORED, classes

CLASS, ROW = "tagging.class", "tagging.row"


def collate(encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
    """`input_ids`, `attention_mask` and the columns of the tokens of shape (windows, longest), and what rows have for
    each of their windows, shape (windows, ...); `tagging.row` (windows,) says which of these rows a window is of.
    """
    chosen = encoded.take(rows)
    row = np.repeat(np.arange(len(chosen)), chosen.lengths)
    window = chosen.flat[WINDOW]
    begins = np.flatnonzero(np.diff(row, prepend=-1) | np.diff(window, prepend=-1))
    sizes = np.diff(begins, append=len(row))
    real = np.arange(int(sizes.max())) < sizes[:, None]

    def lines(values: NDArray[Any], fill: int) -> torch.Tensor:
        out = np.full(real.shape, fill, dtype=np.int64)
        out[real] = values
        return torch.from_numpy(out)

    batch: Batch = {"input_ids": lines(chosen.flat["input_ids"], pad), "attention_mask": lines(np.ones(len(row)), 0)}
    for name in (START, END, PART):
        batch[name] = lines(chosen.flat[name], 0)
    if "labels" in chosen.fixed:
        batch[CLASS] = lines(classes(chosen), IGNORED)
    batch[ROW] = torch.from_numpy(row[begins])
    return batch | {name: torch.from_numpy(column[row[begins]]) for name, column in chosen.fixed.items()}


__all__ = ["CLASS", "ROW", "collate"]
