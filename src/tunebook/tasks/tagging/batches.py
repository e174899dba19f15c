"""Batches of windows, with the tag of each token."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from tunebook.bundle.pieces import END, PART, START, WINDOW
from tunebook.core.batch import Batch
from tunebook.core.encoded import Encoded
from tunebook.nets.lines import Lines
from tunebook.tasks.tagging.tags import IGNORED, classes

CLASS, ROW = "tagging.class", "tagging.row"


def collate(encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
    """`input_ids`, `attention_mask` and the columns of the tokens of shape (windows, longest), and what rows have for
    each of their windows, shape (windows, ...); `tagging.row` (windows,) says which of these rows a window is of.
    """
    chosen = encoded.take(rows)
    lines = Lines.of(chosen, WINDOW)
    batch = lines.batch(("input_ids", START, END, PART), pad)
    if "labels" in chosen.fixed:
        batch[CLASS] = lines.padded(classes(chosen), IGNORED)
    batch[ROW] = torch.from_numpy(lines.row)
    return batch


__all__ = ["CLASS", "ROW", "collate"]
