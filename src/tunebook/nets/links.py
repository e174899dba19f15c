"""What follows from how outputs are read (`tunebook.core.kind.Link`): distances, chances, targets; in torch.

Of each link one branch and no branch for the rest, which mypy checks. The same in numpy: `tunebook.core.answers`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from tunebook.core.kind import Link


def divergence(logits: Tensor, other: Tensor, link: Link) -> Tensor:
    """Kullback-Leibler divergence KL(p || q) of each item, shape (M,), from logits (M, outputs) of p and of q.

    Of several labels: the mean over them of the divergence of yes and no. Of numbers and ordered classes, which have no
    distribution: the squared difference.
    """
    match link:
        case "softmax":
            log_p, log_q = F.log_softmax(logits, dim=1), F.log_softmax(other, dim=1)
            return (log_p.exp() * (log_p - log_q)).sum(dim=1)
        case "sigmoid":
            p = logits.sigmoid()
            yes = F.logsigmoid(logits) - F.logsigmoid(other)
            no = F.logsigmoid(-logits) - F.logsigmoid(-other)
            return (p * yes + (1 - p) * no).mean(dim=1)
        case "identity":
            return (logits - other).square().sum(dim=1)


def symmetric(logits: Tensor, other: Tensor, link: Link) -> Tensor:
    """Mean of the divergences of both directions, shape (M,)."""
    return (divergence(logits, other, link) + divergence(other, logits, link)) / 2


def drawn_targets(logits: Tensor, link: Link, generator: torch.Generator) -> Tensor:
    """Targets drawn from what a model predicts: a class, a yes or no for each label, or a number (variance 1)."""
    logits = logits.detach().cpu()
    match link:
        case "softmax":
            return torch.multinomial(logits.softmax(-1), 1, generator=generator).squeeze(-1)
        case "sigmoid":
            return torch.bernoulli(logits.sigmoid(), generator=generator)
        case "identity":
            return logits.squeeze(-1) + torch.randn(logits.shape[:-1], generator=generator)


def surprise(logits: Tensor, targets: Tensor, link: Link) -> Tensor:
    """-log p(target) of each item, shape (M,), up to a constant."""
    match link:
        case "softmax":
            return F.cross_entropy(logits, targets, reduction="none")
        case "sigmoid":
            return F.binary_cross_entropy_with_logits(logits, targets.to(logits), reduction="none").sum(-1)
        case "identity":
            return (logits.squeeze(-1) - targets.to(logits)).square() / 2


def old_outputs(logits: Tensor, before: int, link: Link) -> Tensor:
    """The outputs of the head that is continued; a head of one number has always been one.

    Nothing that is reckoned from these has a gradient in what is new of the head, so that no importance holds it.
    """
    return logits if link == "identity" else logits[:, :before]


__all__ = ["divergence", "drawn_targets", "old_outputs", "surprise", "symmetric"]
