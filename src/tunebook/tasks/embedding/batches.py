"""Tokens of the texts of a row, and batches with a line for each text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tunebook.core.batch import Batch
from tunebook.core.encoded import Encoded, pack
from tunebook.nets.candidates import PLACE

ROW = "embedding.row"


def encode(texts: Sequence[Sequence[str]], tokenizer: Any, max_length: int) -> Encoded:
    """Tokens of each row's texts, one text after the other, each cut at `max_length`; the column `ranking.place` of a
    token is the place of its text among the others of its row, -1 for the first.

    Args:
        texts: of each row, at least one.
    """
    each = {text: number for number, text in enumerate(dict.fromkeys(text for row in texts for text in row))}
    columns = tokenizer(list(each), truncation=True, max_length=max_length)
    lines = pack({name: columns[name] for name in columns if name != "attention_mask"})
    flat = [each[text] for row in texts for text in row]
    lines = lines.take(flat)
    sizes = np.array([len(row) for row in texts], dtype=np.int64)
    ends = np.cumsum(sizes)
    place = np.arange(len(flat)) - np.repeat(ends - sizes, sizes) - 1
    offsets = lines.offsets[np.concatenate([[0], ends])]
    return Encoded({**lines.flat, PLACE: np.repeat(place, lines.lengths).astype(np.int32)}, offsets, {})


def collate(encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
    """`input_ids`, `attention_mask` and the like of shape (texts, longest), `ranking.place` of each
    text and the place of its row in the batch as `embedding.row`, shape (texts,), and what rows have for
    each of their texts."""
    import torch

    from tunebook.nets.lines import Lines

    chosen = encoded.take(rows)
    lines = Lines.of(chosen, PLACE)
    batch = lines.batch([name for name in chosen.flat if name != PLACE], pad)
    batch[PLACE] = torch.from_numpy(chosen.flat[PLACE][lines.first].astype(np.int64))
    batch[ROW] = torch.from_numpy(lines.row)
    return batch


__all__ = ["PLACE", "ROW", "collate", "encode"]
