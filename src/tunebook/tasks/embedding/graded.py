"""Losses of pairs with a grade: how like each other two texts are."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own documentation uses
from torch import Tensor

from tunebook.core.batch import Batch, Items
from tunebook.core.nouns import Labels
from tunebook.nets.contrast import contrastive
from tunebook.tasks.embedding.batches import PLACE
from tunebook.tasks.embedding.loss import Shape, VectorLoss
from tunebook.tasks.embedding.rows import EmbeddingRows, margin_of


def cosines(vectors: Tensor, batch: Batch) -> Tensor:
    """Cosine of the two texts of each row, shape (rows,), of their vectors (texts, width)."""
    place = batch[PLACE]
    return F.cosine_similarity(vectors[place < 0].float(), vectors[place == 0].float())


@dataclass(frozen=True)
class Graded(VectorLoss):
    """A loss of the cosines of pairs against their grades.

    Attributes:
        low, high: grades of pairs that are not like each other at all, and quite; the labels' own ends.
    """

    low: float
    high: float

    @classmethod
    def of(cls, labels: Labels, **more: Any) -> Graded:
        """For labels of numbers."""
        assert labels.low is not None and labels.high is not None
        return cls(labels.low, labels.high, **more)

    def of_vectors(self, vectors: Tensor, batch: Batch) -> Tensor:
        """Of the cosines of the rows of a batch."""
        weights = batch["sample_weight"][batch[PLACE] < 0].float() if "sample_weight" in batch else None
        return self.of_cosines(cosines(vectors, batch), self._grades(batch), weights)

    @abstractmethod
    def of_cosines(self, found: Tensor, grades: Tensor, weights: Tensor | None) -> Tensor:
        """The loss of cosines (rows,) against grades from 0 to 1, by the weights of the rows, if they have some."""

    def flat(self, outputs: Any, batch: Batch) -> Items:
        """The pairs."""
        weights = 2 * self.counts(batch)[batch[PLACE] < 0]
        return Items(cosines(outputs.logits, batch)[:, None], self._grades(batch), weights)

    def counts(self, batch: Batch) -> Tensor:
        """Half the weight of its row for each of the two texts."""
        weights = batch.get("sample_weight")
        return (torch.ones(len(batch[PLACE]), device=batch[PLACE].device) if weights is None else weights.float()) / 2

    def _grades(self, batch: Batch) -> Tensor:
        grades: Tensor = batch["labels"][batch[PLACE] < 0].float()
        return (grades - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class CosineMse(Graded):
    """The squared distance of cosine and grade, the smallest grade 0 and the largest 1.

    Source: Reimers & Gurevych 2019 (arXiv:1908.10084), section 3, regression objective.
    """

    def of_cosines(self, found: Tensor, grades: Tensor, weights: Tensor | None) -> Tensor:
        """Mean over the rows."""
        return _mean((found - grades).square(), weights)


@dataclass(frozen=True)
class Contrastive(Graded):
    """Pairs of the highest grade are drawn together, those of the lowest pushed apart until their cosine is 1 - margin
    or less; a grade between counts as its part of both.

    Source: Hadsell, Chopra and LeCun 2006, doi:10.1109/CVPR.2006.100.
    """

    margin: float = 0.5

    def of_cosines(self, found: Tensor, grades: Tensor, weights: Tensor | None) -> Tensor:
        """Mean over the rows."""
        return _mean(contrastive(found, grades, self.margin), weights)


def _mean(losses: Tensor, weights: Tensor | None) -> Tensor:
    """By the weights of the rows, if they have some."""
    if weights is None:
        return losses.mean()
    return (losses * weights).sum() / weights.sum().clamp_min(1e-12)


@dataclass(frozen=True)
class CoSent(Graded):
    """log(1 + sum of exp(scale (cos_j - cos_i))) over all pairs i, j of rows of which i has the higher grade: only the
    order of the grades counts. Weights of rows multiply the terms.

    Attributes:
        scale: one over the temperature.

    Source: Su 2022, CoSENT (kexue.fm/archives/8847).
    """

    scale: float = 20.0

    def of_cosines(self, found: Tensor, grades: Tensor, weights: Tensor | None) -> Tensor:
        """One number of all rows together."""
        apart = self.scale * (found[None, :] - found[:, None])
        if weights is not None:
            logs = weights.log()
            apart = apart + logs[None, :] + logs[:, None]
        terms = apart[grades[None, :] < grades[:, None]]
        return torch.logsumexp(torch.cat([terms.new_zeros(1), terms]), dim=0)


def graded_loss(labels: Labels, own: EmbeddingRows, shape: Shape) -> Graded:
    """The loss of pairs with grades for the rows of a table that embedding alone reads."""
    if own.loss == "cosine_mse":
        return CosineMse.of(labels, shape=shape)
    if own.loss == "contrastive":
        return Contrastive.of(labels, margin=margin_of(own), shape=shape)
    return CoSent.of(labels, scale=own.scale, shape=shape)


__all__ = ["CoSent", "Contrastive", "CosineMse", "Graded", "cosines", "graded_loss"]
