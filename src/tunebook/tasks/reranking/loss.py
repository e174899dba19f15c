"""What a reranker minimises: whether each passage is relevant, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own documentation uses
from torch import Tensor

from tunebook.core.batch import Batch, Criterion, Items, model_inputs
from tunebook.tasks.reranking.batches import GAIN, ROW, best, pairs_of


@dataclass(frozen=True)
class Relevance(Criterion):
    """Binary cross-entropy of each pair with its gain as a share of the highest; a mean over the pairs of a row, and of
    that over rows, so that a query counts as much as another, however many passages it has.

    The logit of a passage in several windows is the highest of theirs, in training as in answers: who judged it
    relevant did not say where in it the answer stands (Dietterich et al. 1997, doi:10.1016/S0004-3702(96)00034-3).

    Attributes:
        high: the highest gain.
        smoothing: share e of a target that is spread: (1 - e) y + e / 2.
    """

    high: float
    smoothing: float

    def flat(self, outputs: Any, batch: Batch) -> Items:
        """The pairs, with the row that each is of as its group."""
        which, first = pairs_of(batch)
        logits = best(outputs.logits.float()[:, 0], which)
        rows = batch[ROW][first]
        weights = 1.0 / torch.bincount(rows)[rows]
        if "sample_weight" in batch:
            weights = weights * batch["sample_weight"][first]
        return Items(logits[:, None], (batch[GAIN][first] / self.high)[:, None], weights, groups=rows)

    def loss(self, model: Any, batch: Batch) -> tuple[Tensor, Any]:
        """Mean over rows of the mean over their pairs."""
        outputs = model(**model_inputs(batch))
        items = self.flat(outputs, batch)
        targets = items.targets * (1 - self.smoothing) + self.smoothing / 2
        losses = F.binary_cross_entropy_with_logits(items.logits, targets, reduction="none")
        return items.mean(losses[:, 0]), outputs

    def counts(self, batch: Batch) -> Tensor:
        """The weight of each window's row, over the windows of that."""
        rows = batch[ROW]
        counts = 1.0 / torch.bincount(rows)[rows]
        return counts * batch["sample_weight"] if "sample_weight" in batch else counts


__all__ = ["Relevance"]
