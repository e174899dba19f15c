"""What a model that writes says of tokens, as numbers by which it can be compared with another one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tunebook.core.task import Rows
    from tunebook.engine.load import Net

ROWS, PLACES = 8, 16  # of so many rows so many places: a place has a logit of every word


def token_logits(net: Net, rows: Rows) -> NDArray[np.float32]:
    """The logits at the first learnt tokens of the first rows, shape (places, vocabulary).

    Args:
        rows: with targets, as the task sees them.
    """
    import torch

    from tunebook.core.technique import model_inputs
    from tunebook.nets.masking import IGNORED

    few = rows.at(slice(ROWS))
    few = replace(few, other={name: column[:ROWS] for name, column in few.other.items()})
    encoded = net.task.encode(few, net.tokenizer, net.max_length)
    device = next(net.model.parameters()).device
    found = []
    for row in range(len(encoded)):
        batch: dict[str, Any] = net.task.collate(encoded, [row], net.tokenizer.pad_token_id)
        batch = {name: value.to(device) if hasattr(value, "to") else value for name, value in batch.items()}
        with torch.no_grad():
            logits = net.model(**model_inputs(batch)).logits[0]
        learnt = (batch["labels"][0] != IGNORED).nonzero()[:PLACES, 0]
        found.append(logits[learnt].float().cpu().numpy())
    return np.concatenate(found)


__all__ = ["PLACES", "ROWS", "token_logits"]
