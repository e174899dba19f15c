"""What a tuned model is compared with: its base model before training, and the answer of the nearest training row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.hooks import BaselineInput

Array = NDArray[Any]
_BATCH = 16


def baselines(task: Any, given: BaselineInput) -> Mapping[str, Callable[[], Array]]:
    """`base`."""
    return {"base": partial(_base, task, given)}


def _base(task: Any, given: BaselineInput) -> Array:
    """What the base model says of the true answers, and what it answers itself."""
    import torch

    from tunebook.models.source import find_model, load_tokenizer

    plan, folder, rows = given.plan, find_model(given.plan.model, allow_pickle=True), given.rows[given.split]
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
    read = np.concatenate(parts)[np.argsort(order)]
    said: Array = task.written(model, tokenizer, rows, plan.params).beside(read)
    return said


__all__ = ["baselines"]
