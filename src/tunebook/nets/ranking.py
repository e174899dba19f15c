"""Losses of scores that are compared within lists: the passages of one query.

Lists are matrices (Q, L) of scores, gains and of what is real in them; each loss is of shape (Q,), 0 of a list in which
there is nothing to tell apart. Gains are those by which the score NDCG is counted: none is below 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own documentation uses
from torch import Tensor

from tunebook.core.technique import Batch, LossFn, RunContext

Weights = Literal["ndcg2++", "lambdarank", "none"]


@dataclass(frozen=True)
class Lists:
    """Which list each of M items is in, and where: lists have items of the same group.

    Attributes:
        of: number of the list, in the order of the groups, shape (M,); place: in the list, shape (M,).
        real: what is there, shape (Q, L).
    """

    of: Tensor
    place: Tensor
    real: Tensor

    @classmethod
    def by(cls, groups: Tensor) -> Lists:
        """Those of the groups of items, shape (M,), in any order."""
        _, of, sizes = torch.unique(groups, return_inverse=True, return_counts=True)
        order = torch.argsort(of, stable=True)
        place = torch.empty_like(of)
        place[order] = torch.arange(len(of), device=of.device) - (sizes.cumsum(0) - sizes)[of[order]]
        longest = int(sizes.max()) if len(sizes) else 0
        return cls(of, place, torch.arange(longest, device=of.device) < sizes[:, None])

    def padded(self, values: Tensor) -> Tensor:
        """Values of the items, shape (M,), list by list, shape (Q, L), with 0 where there is nothing."""
        return values.new_zeros(self.real.shape).index_put((self.of, self.place), values)


def in_lists(inner: LossFn, run: RunContext, key: str, losses: Callable[[Tensor, Tensor, Tensor], Tensor]) -> LossFn:
    """A loss of lists in place of the task's.

    Args:
        key: of the technique; losses: of scores, gains and what is real, each (Q, L), the loss of each list, (Q,).
    """

    def loss(model: Any, batch: Batch) -> Any:
        assert run.criterion is not None
        _, outputs = inner(model, batch)
        items = run.criterion.flat(outputs, batch)
        assert items.groups is not None
        lists = Lists.by(items.groups)
        scores, gains = (lists.padded(values[:, 0]) for values in (items.logits, items.targets))
        run.acted(key, lists=len(lists.real))
        return items.mean(losses(scores, gains, lists.real)[lists.of]), outputs

    return loss


def softmax_loss(scores: Tensor, gains: Tensor, real: Tensor) -> Tensor:
    """Cross-entropy of the softmax of the scores and the share that each item has of its list's gain.

    Source: Bruch et al. 2019, doi:10.1145/3341981.3344221; of one relevant item that of BGE's rerankers.
    """
    whole = gains.sum(1, keepdim=True)
    return _cross_entropy(scores, gains / torch.where(whole > 0, whole, 1.0), real)


def list_net(scores: Tensor, gains: Tensor, real: Tensor) -> Tensor:
    """Cross-entropy of the softmax of the scores and that of the gains; 0 of a list of equal gains.

    Source: Cao et al. 2007, doi:10.1145/1273496.1273513, of the item that comes first.
    """
    target = gains.masked_fill(~real, -math.inf).softmax(1)
    top, least = gains.masked_fill(~real, -math.inf).amax(1), gains.masked_fill(~real, math.inf).amin(1)
    return torch.where(top > least, _cross_entropy(scores, target, real), 0.0)


def _cross_entropy(scores: Tensor, target: Tensor, real: Tensor) -> Tensor:
    logs = scores.masked_fill(~real, -math.inf).log_softmax(1)
    return -(target * logs.masked_fill(~real, 0.0)).sum(1)


def lambda_loss(
    scores: Tensor, gains: Tensor, real: Tensor, *, weights: Weights, k: int | None = None, mu: float = 10.0
) -> Tensor:
    """Logistic loss, in bits, of each pair of which one item has the higher gain, times what the pair is worth.

    `none`: each as much, together 1 (RankNet). `lambdarank`: what NDCG loses if the two change places in the order of
    the scores. `ndcg2++`: that, and `mu` times the bound that the paper calls NDCG-Loss2.

    Args:
        k: pairs of which neither item is among the first so many, by the scores, do not count.

    Source: Wang et al. 2018, doi:10.1145/3269206.3271784, formulas 12 to 18; RankNet: Burges et al. 2005,
        doi:10.1145/1102351.1102363; LambdaRank: Burges 2010, MSR-TR-2010-82.
    """
    order = torch.argsort(scores.detach().masked_fill(~real, -math.inf), dim=1, descending=True, stable=True)
    scores, gains, real = (item.gather(1, order) for item in (scores, gains, real))
    better = (gains[:, :, None] > gains[:, None, :]) & real[:, :, None] & real[:, None, :]
    places = torch.arange(scores.shape[1], device=scores.device)
    if k is not None:
        better = better & (torch.minimum(places[:, None], places[None, :]) < k)
    if weights == "none":
        worth = 1.0 / better.sum((1, 2)).clamp_min(1)[:, None, None]
    else:
        worth = _worth(gains.masked_fill(~real, 0.0), places, k, mu if weights == "ndcg2++" else 0.0)
    losses = -F.logsigmoid(scores[:, :, None] - scores[:, None, :]) / math.log(2)
    return torch.where(better, losses * worth, 0.0).sum((1, 2))


def _worth(gains: Tensor, places: Tensor, k: int | None, mu: float) -> Tensor:
    """What each pair of items, in the order of their scores, is worth; shape (Q, L, L)."""
    discount = 1 / torch.log2(places + 2.0)
    best = (gains.sort(1, descending=True).values * discount)[:, :k].sum(1)
    gains = gains / torch.where(best > 0, best, 1.0)[:, None]
    swapped = (discount[:, None] - discount[None, :]).abs()
    if mu:
        apart = (places[:, None] - places[None, :]).abs()
        nearer, farther = 1 / torch.log2(apart.clamp_min(1) + 1.0), 1 / torch.log2(apart.clamp_min(1) + 2.0)
        swapped = swapped + mu * (nearer - farther)
    return swapped * (gains[:, :, None] - gains[:, None, :]).abs()


__all__ = ["Lists", "Weights", "in_lists", "lambda_loss", "list_net", "softmax_loss"]
