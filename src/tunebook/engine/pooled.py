"""What a trained model makes of texts before its head: the mean of the last layer over a text's tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tunebook.core.progress import Progress, Silent
from tunebook.core.task import Rows
from tunebook.engine.batching import by_length
from tunebook.engine.load import LoadedModel

_BATCH = 32


def pooled(model: LoadedModel, rows: Rows, progress: Progress | None = None) -> NDArray[np.float32]:
    """Vectors of length 1, shape (N, hidden), of texts (or pairs) as the run's tokenizer reads them, cut at its length.

    Whatever the task: a text is read in one line even where the task reads it in windows. Of an encoder and a decoder
    that are two the encoder's last layer counts.
    """
    if not len(rows):
        return np.zeros((0, 1), np.float32)
    watch = progress or Silent()
    net, tokenizer = model.model, model.tokenizer
    device = next(net.parameters()).device
    seen = model.task.seen(rows, model.plan.params)
    pairs = None if seen.pairs is None else list(seen.pairs)
    columns = tokenizer(list(seen.texts), pairs, truncation=True, max_length=model.plan.params.max_length)
    lengths = np.array([len(ids) for ids in columns["input_ids"]], dtype=np.int64)
    parts: dict[int, NDArray[np.float32]] = {}
    watch.start("features", len(rows))
    with torch.inference_mode():
        for places in by_length(lengths, np.ones(len(lengths), dtype=np.int64), _BATCH):
            part = {name: [columns[name][place] for place in places] for name in columns}
            batch = {name: value.to(device) for name, value in tokenizer.pad(part, return_tensors="pt").items()}
            made = _mean(_last(net, batch), batch["attention_mask"]).float().cpu().numpy()
            parts |= dict(zip(places.tolist(), made, strict=True))
            watch.advance(len(places))
    watch.finish()
    return np.stack([parts[row] for row in range(len(rows))])


def _last(net: Any, batch: dict[str, Tensor]) -> Tensor:
    """The last hidden layer, shape (rows, length, hidden)."""
    if getattr(net.config, "is_encoder_decoder", False):
        encoded: Tensor = net.get_encoder()(**_taken(batch)).last_hidden_state
        return encoded
    whole = getattr(net, "at_once", net)  # a model of vectors that reads in parts keeps no layers
    outputs = whole(**batch, output_hidden_states=True)
    layers = outputs.hidden_states
    last: Tensor = layers[-1]
    return last


def _taken(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value for name, value in batch.items() if name in ("input_ids", "attention_mask")}


def _mean(layer: Tensor, mask: Tensor) -> Tensor:
    weights = mask.to(layer)[..., None]
    mean = (layer * weights).sum(1) / weights.sum(1).clamp_min(1)
    return torch.nn.functional.normalize(mean.float(), dim=1)


__all__ = ["pooled"]
