"""What is kept of a batch: figures of the answers of each row."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tunebook.core.batch import Batch
from tunebook.tasks.preference.batches import BEFORE, PLACE, ROW, UNASKED
from tunebook.tasks.preference.loss import learnt_tokens, line_logs
from tunebook.tasks.preference.told import FIGURES


def read(logs: Tensor, batch: Batch) -> Tensor:
    """Sum of log-probabilities, tokens, and the sum of the model before, of the better and the worse answer of each
    row: (rows, 6), zeros where there is none.

    Args:
        logs: of each line, shape (lines,).
    """
    figures = torch.stack([logs.float(), learnt_tokens(batch).to(logs), batch[BEFORE].to(logs)], dim=1)
    found = figures.new_zeros(int(batch[ROW].max()) + 1, 2, FIGURES)
    lines = batch[PLACE] < UNASKED
    found[batch[ROW][lines], batch[PLACE][lines]] = figures[lines]
    return found.reshape(len(found), 2 * FIGURES)


def said(model: Any, batch: Batch) -> Tensor:
    """What a model says of each line of each row, by its place, shape (rows, 3); 0 where there is none."""
    logs = line_logs(model, batch)
    found = logs.new_zeros(int(batch[ROW].max()) + 1, UNASKED + 1)
    found[batch[ROW], batch[PLACE]] = logs
    return found


__all__ = ["read", "said"]
