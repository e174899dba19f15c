"""Losses of vectors that are told to be alike or not: of texts of one class, of pairs, and of what a teacher says.

All are pure functions of scores (cosines, perhaps scaled), shape (N, N) for all against all, and give a loss of each
line, so that whoever calls them weighs the lines.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own documentation uses
from torch import Tensor


def same_class(classes: Tensor) -> Tensor:
    """Which of N lines bear the class of which, shape (N, N); none is its own fellow."""
    own = torch.eye(len(classes), dtype=torch.bool, device=classes.device)
    return (classes[:, None] == classes[None]) & ~own


def supervised(scores: Tensor, same: Tensor) -> Tensor:
    """Supervised contrastive loss of each line, shape (N,): the mean over its fellows of the cross-entropy of telling
    one from all other lines; 0 of a line without fellows.

    Args:
        scores: cosines over the temperature, shape (N, N); same: as `same_class` gives.

    Source: Khosla et al. 2020 (arXiv:2004.11362), formula 2 (the mean outside of the logarithm).
    """
    own = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    logs = scores.masked_fill(own, -math.inf).log_softmax(1).masked_fill(~same, 0.0)
    return -logs.sum(1) / same.sum(1).clamp_min(1)


def apart(scores: Tensor, same: Tensor) -> Tensor:
    """The mean over a line's fellows of the cross-entropy of telling one from all lines that are no fellows, shape
    (N,); 0 of a line without fellows, or whose fellows are all there are.

    Args:
        scores, same: as of `supervised`, which also tells the fellows from each other.
    """
    own = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    others = torch.logsumexp(scores.masked_fill(same | own, -math.inf), dim=1)
    losses = F.softplus(others[:, None] - scores).masked_fill(~same, 0.0)
    return losses.sum(1) / same.sum(1).clamp_min(1)


def contrastive(cosines: Tensor, alike: Tensor, margin: float) -> Tensor:
    """Of each pair half the squared distance where it is alike, else half the square of what the distance lacks to the
    margin; the distance is 1 - cosine, `alike` from 0 to 1, all of one shape.

    Source: Hadsell, Chopra and LeCun 2006, doi:10.1109/CVPR.2006.100, formula 4.
    """
    distance = 1 - cosines
    return (alike * distance.square() + (1 - alike) * F.relu(margin - distance).square()) / 2


def contrastive_classes(cosines: Tensor, same: Tensor, margin: float) -> Tensor:
    """`contrastive` of each line, shape (N,): the mean over its fellows and that over all others, each half of it, as
    if as many pairs of either kind were drawn; a line without one of the kinds has 0 for it.

    Args:
        cosines, same: shape (N, N).
    """
    own = torch.eye(len(cosines), dtype=torch.bool, device=cosines.device)
    losses = contrastive(cosines, same.to(cosines), margin)
    sides = (losses.masked_fill(~kind, 0.0).sum(1) / kind.sum(1).clamp_min(1) for kind in (same, ~same & ~own))
    return sum(sides, torch.zeros_like(cosines[:, 0])) / 2


def margin_mse(scores: Tensor, taught: Tensor) -> Tensor:
    """The squared distance of a student's and a teacher's difference between two passages, all of shape (...).

    Args:
        scores, taught: what each gives the one passage less what it gives the other.

    Source: Hofstätter et al. 2020 (arXiv:2010.02666), formula 5.
    """
    return (scores - taught).square()


def kl_lists(scores: Tensor, taught: Tensor, real: Tensor) -> Tensor:
    """Kullback-Leibler divergence of a teacher's and a student's softmax over the passages of each query, shape (Q,).

    Args:
        scores, taught: both over their temperature, shape (Q, L); real: which passages there are.

    Source: Hinton, Vinyals and Dean 2015 (arXiv:1503.02531); of lists of passages Lin et al. 2020 (arXiv:2010.11386).
    """
    student, teacher = (
        one.masked_fill(~real, -math.inf).log_softmax(1).masked_fill(~real, 0.0) for one in (scores, taught)
    )
    return (teacher.exp() * (teacher - student)).sum(1)


__all__ = ["apart", "contrastive", "contrastive_classes", "kl_lists", "margin_mse", "same_class", "supervised"]
