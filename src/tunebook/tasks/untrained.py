"""What a base model says of rows before any training, read as the task reads a trained one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.hooks import BaselineInput

_BATCH = 16  # rows of like length


def untrained(task: Any, given: BaselineInput) -> tuple[Any, Any, NDArray[np.float32]]:
    """A base model with the head that it brings along, its tokenizer, and what is read of the rows of a split, (N, k).

    Args:
        task: which passes batches through its model itself (`core.task.Passes`).
    """
    import torch

    from tunebook.models.source import base_of, load_tokenizer

    plan, folder, rows = given.plan, base_of(given.plan), given.rows[given.split]
    model = task.build(folder, plan.labels, plan.params).eval()
    model = model.to("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = task.reader(load_tokenizer(folder), plan.params)
    encoded = task.encode(task.seen(rows, plan.params), tokenizer, plan.params.max_length)
    order, parts = np.argsort(-encoded.lengths, kind="stable"), []
    with torch.inference_mode():
        for start in range(0, len(order), _BATCH):
            batch = task.collate(encoded, order[start : start + _BATCH].tolist(), tokenizer.pad_token_id)
            batch = {name: value.to(model.device) for name, value in batch.items()}
            parts.append(task.read(task.passed(model, batch), batch, model).float().cpu().numpy())
    return model, tokenizer, np.concatenate(parts)[np.argsort(order)]


__all__ = ["untrained"]
