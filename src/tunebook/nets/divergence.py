"""How far the answers of two heads are apart, item by item."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from tunebook.core.kinds import NUMBERS, TOKENS, unknown_kind


def divergence(logits: Tensor, other: Tensor, problem: str) -> Tensor:
    """Kullback-Leibler divergence KL(p || q) of each item, shape (M,), from logits (M, outputs) of p and of q.

    Of several labels: the mean over them of the divergence of yes and no. Of numbers and ordered classes, which have no
    distribution: the squared difference.

    Raises:
        PlanError: `labels.kind`.
    """
    if problem == "single_label" or problem in TOKENS:
        log_p, log_q = F.log_softmax(logits, dim=1), F.log_softmax(other, dim=1)
        return (log_p.exp() * (log_p - log_q)).sum(dim=1)
    if problem == "multi_label":
        p = logits.sigmoid()
        yes = F.logsigmoid(logits) - F.logsigmoid(other)
        no = F.logsigmoid(-logits) - F.logsigmoid(-other)
        return (p * yes + (1 - p) * no).mean(dim=1)
    if problem in NUMBERS:
        return (logits - other).square().sum(dim=1)
    raise unknown_kind(problem)


def symmetric(logits: Tensor, other: Tensor, problem: str) -> Tensor:
    """Mean of the divergences of both directions, shape (M,)."""
    return (divergence(logits, other, problem) + divergence(other, logits, problem)) / 2


__all__ = ["divergence", "symmetric"]
