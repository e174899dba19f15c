"""Batches of windows, with the tokens between which the answer of each stands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from tunebook.bundle.answer_windows import END, INSIDE, START, WINDOW
from tunebook.bundle.frames import TYPES
from tunebook.core.batch import Batch
from tunebook.core.encoded import Encoded
from tunebook.core.extracts import Extract
from tunebook.nets.lines import Lines

ROW = "answering.row"


def collate(encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
    """`input_ids`, `attention_mask` and the columns of the tokens of shape (windows, longest); `labels` (windows, 2)
    are the first and the last token of the answer that is learnt, and twice 0 in a window without it; `answering.row`
    (windows,) says which of these rows a window is of.

    Source: Devlin et al. 2019 (arXiv:1810.04805), section 4.3: what has no answer points at the first token.
    """
    chosen = encoded.take(rows)
    targets = chosen.fixed.get("labels")
    bare = Encoded(chosen.flat, chosen.offsets, {name: one for name, one in chosen.fixed.items() if name != "labels"})
    lines = Lines.of(bare, WINDOW)
    batch = lines.batch([name for name in ("input_ids", TYPES, START, END, INSIDE) if name in bare.flat], pad)
    batch[ROW] = torch.from_numpy(lines.row)
    if targets is not None:
        places = [Extract.of(target).places for target in targets]
        first = np.array([found[0] if found else (-1, -1) for found in places], dtype=np.int64)
        begins, ends = (lines.padded(column, 0) for column in at_tokens(bare, first))
        last = ends.shape[1] - 1 - ends.flip(1).argmax(1)
        whole = begins.any(1) & ends.any(1)
        batch["labels"] = torch.stack([begins.argmax(1), last], dim=1) * whole[:, None]
    return batch


def at_tokens(encoded: Encoded, places: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether the place of its row begins in each token, and whether it ends there; a place of -1 is nowhere.

    Args:
        places: start and end of one answer of each row, shape (N, 2).
    """
    start, end = (np.repeat(places[:, side], encoded.lengths) for side in (0, 1))
    inside = encoded.flat[INSIDE] > 0
    begins = inside & (encoded.flat[START] <= start) & (start < encoded.flat[END])
    return begins, inside & (encoded.flat[START] < end) & (end <= encoded.flat[END])


def unsaid(encoded: Encoded) -> int:
    """How many rows with answers have none that begins and ends with tokens of one window."""
    places = [Extract.of(target).places for target in encoded.fixed["labels"]]
    said = np.zeros(len(encoded), dtype=bool)
    for turn in range(max(map(len, places), default=0)):
        one = np.array([found[turn] if turn < len(found) else (-1, -1) for found in places], dtype=np.int64)
        begins, ends = at_tokens(encoded, one)
        start, end = (np.repeat(one[:, side], encoded.lengths) for side in (0, 1))
        begins &= encoded.flat[START] == start
        ends &= encoded.flat[END] == end
        lines = Lines.of(encoded, WINDOW)
        both = [np.logical_or.reduceat(flags, lines.first) for flags in (begins, ends)]
        said[lines.row[both[0] & both[1]]] = True
    return int(sum(bool(found) for found in places) - said.sum())


__all__ = ["ROW", "at_tokens", "collate", "unsaid"]
