"""Rows that stand for many: those whose mean in a model's eyes is nearest to the mean of all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tunebook.core.technique import Batch, model_inputs


@torch.no_grad()
def features_of(model: Any, batches: Iterable[Batch]) -> NDArray[np.float32]:
    """What a model makes of rows below its head, scaled to length 1; shape (N, width).

    Of a model of tokens: the mean of its last layer over a row's tokens.
    """
    parts = []
    for batch in batches:
        last = model(**model_inputs(batch), output_hidden_states=True).hidden_states[-1]
        if last.dim() == 3:
            mask = batch["attention_mask"].to(last)[..., None]
            last = (last * mask).sum(1) / mask.sum(1)
        parts.append(torch.nn.functional.normalize(last.float(), dim=1).cpu().numpy())
    return np.concatenate(parts)


def herd(features: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Numbers of `count` rows, each chosen so that the mean of those chosen is as near as can be to that of all.

    Args:
        features: shape (N, width), each row of length 1.
    """
    mean = features.mean(0)
    chosen: list[int] = []
    total = np.zeros_like(mean)
    left = np.ones(len(features), dtype=bool)
    for number in range(1, count + 1):
        far = np.linalg.norm(mean - (total + features) / number, axis=1)
        best = int(np.where(left, far, np.inf).argmin())
        chosen.append(best)
        left[best] = False
        total += features[best]
    return np.array(chosen, dtype=np.int64)


__all__ = ["features_of", "herd"]
