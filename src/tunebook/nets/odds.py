"""How strongly a model says something: log-odds, which say the same of two classes and of fifty thousand words."""

from __future__ import annotations

import torch
from torch import Tensor, logsumexp


def log_odds(logits: Tensor, numbers: int | Tensor) -> Tensor:
    """Log-odds of one output against all others together, shape (...), of logits (..., outputs) of a softmax: their
    sigmoid is its probability. Of two outputs it is the difference of their logits, and a single one is its own.

    Args:
        numbers: which output, one for all or of a shape that spreads over (...); below 0 counted from the end.
    """
    if logits.shape[-1] == 1:
        return logits[..., 0]
    which = torch.as_tensor(numbers, device=logits.device) % logits.shape[-1]
    place = which.expand(logits.shape[:-1])[..., None]
    others = logits.scatter(-1, place, -torch.inf)
    return logits.gather(-1, place)[..., 0] - logsumexp(others, dim=-1)


__all__ = ["log_odds"]
