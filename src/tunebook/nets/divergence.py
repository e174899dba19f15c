"""How far the answers of two heads are apart, item by item."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812
from torch import Tensor


def divergence(logits: Tensor, other: Tensor, problem: str) -> Tensor:
    """Kullback-Leibler divergence KL(p || q) of each item, shape (M,), from logits (M, outputs) of p and of q.

    Of several labels: the mean over them of the divergence of yes and no. Of numbers and ordered classes, which have no
    distribution: the squared difference.
    """
    if problem in ("single_label", "language_model"):
        log_p, log_q = F.log_softmax(logits, dim=1), F.log_softmax(other, dim=1)
        return (log_p.exp() * (log_p - log_q)).sum(dim=1)
    if problem == "multi_label":
        p = logits.sigmoid()
        yes = F.logsigmoid(logits) - F.logsigmoid(other)
        no = F.logsigmoid(-logits) - F.logsigmoid(-other)
        return (p * yes + (1 - p) * no).mean(dim=1)
    return (logits - other).square().sum(dim=1)


def symmetric(logits: Tensor, other: Tensor, problem: str) -> Tensor:
    """Mean of the divergences of both directions, shape (M,)."""
    return (divergence(logits, other, problem) + divergence(other, logits, problem)) / 2


__all__ = ["divergence", "symmetric"]
