"""How strongly a model says something: log-odds, which say the same of two classes and of fifty thousand words."""

from __future__ import annotations

from torch import Tensor, logsumexp


def log_odds(logits: Tensor, number: int) -> Tensor:
    """Log-odds of one output against all others together, shape (...), of logits (..., outputs) of a softmax: their
    sigmoid is its probability. Of two outputs it is the difference of their logits.

    A single output is taken to be its own log-odds, as that of a sigmoid is.
    """
    count = logits.shape[-1]
    if count == 1:
        return logits[..., 0]
    others = [place for place in range(count) if place != number % count]
    return logits[..., number] - logsumexp(logits[..., others], dim=-1)


__all__ = ["log_odds"]
