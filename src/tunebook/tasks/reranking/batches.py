"""Batches of windows of pairs, with the row and the judgement that each is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from tunebook.bundle.pair_windows import TYPES, WINDOW
from tunebook.core.batch import Batch
from tunebook.core.encoded import Encoded
from tunebook.core.judged import Judged
from tunebook.nets.candidates import PLACE
from tunebook.nets.lines import Lines

ROW, PAIR, PASSAGE, GAIN = "reranking.row", "reranking.pair", "reranking.passage", "reranking.gain"


def windows(encoded: Encoded) -> Lines:
    """The windows of all rows."""
    return Lines.of(encoded, PLACE, WINDOW)


def collate(encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
    """`input_ids`, `attention_mask` and the like of shape (windows, longest), and, of shape (windows, ...), what rows
    have for each of their windows.

    `reranking.row` says which of these rows a window is of, `reranking.pair` which of their pairs, all counted from 0;
    `reranking.passage` and `reranking.gain` are those of its judgement.
    """
    chosen = encoded.take(rows)
    lines = windows(chosen)
    batch = lines.batch([name for name in ("input_ids", TYPES) if name in chosen.flat], pad)
    judged = Judged.of(chosen.fixed["labels"])
    pair = (np.cumsum(judged.counts) - judged.counts)[lines.row] + chosen.flat[PLACE][lines.first]
    for name, column in ((ROW, lines.row), (PAIR, pair), (PASSAGE, judged.passage[pair])):
        batch[name] = torch.from_numpy(column.astype(np.int64))
    batch[GAIN] = torch.from_numpy(judged.value[pair].astype(np.float32))
    return batch


def pairs_of(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Of each window the number of its pair, counted anew, shape (windows,), and a window of each pair, (pairs,)."""
    known, which = torch.unique(batch[PAIR], return_inverse=True)
    numbers = torch.arange(len(which), device=which.device)
    return which, torch.zeros_like(known).scatter_reduce(0, which, numbers, "amin", include_self=False)


def best(logits: torch.Tensor, which: torch.Tensor) -> torch.Tensor:
    """The highest of the logits of each pair's windows, shape (pairs,).

    Args:
        logits, which: of each window its logit and the number of its pair, shape (windows,).
    """
    pairs = int(which.max()) + 1
    return logits.new_zeros(pairs).scatter_reduce(0, which, logits, "amax", include_self=False)


def read(outputs: Any, batch: Batch) -> torch.Tensor:
    """The passages of each row by their highest logits, and the sigmoid of these: (rows, 1 + 2 S), float32.

    The sigmoid of many a logit is 1 in float32; the order is that of the logits all the same.
    """
    which, first = pairs_of(batch)
    logits = best(outputs.logits.float()[:, 0], which)
    row, passage = (batch[name][first].cpu().numpy() for name in (ROW, PASSAGE))
    found = Judged(row, passage, logits.cpu().numpy(), int(row.max()) + 1).best(len(row))
    scores = torch.from_numpy(found.value).sigmoid().numpy()
    return torch.from_numpy(replace(found, value=scores).matrix(np.float32))


__all__ = ["GAIN", "PAIR", "PASSAGE", "ROW", "best", "collate", "pairs_of", "read", "windows"]
