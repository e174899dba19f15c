"""Losses of queries and passages that a teacher, such as a reranker, has scored."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own documentation uses
from torch import Tensor

from tunebook.core.batch import Batch
from tunebook.core.encoded import Encoded
from tunebook.core.errors import PlanError
from tunebook.nets.candidates import TAUGHT
from tunebook.nets.contrast import kl_lists, margin_mse
from tunebook.nets.ranking import Lists
from tunebook.tasks.embedding.loss import Shape
from tunebook.tasks.embedding.retrieval import Retrieval, Texts
from tunebook.tasks.embedding.rows import EmbeddingRows


@dataclass(frozen=True)
class Taught(Retrieval):
    """Scaled cosines of a query and its own passages against what a teacher says of the same; passages that it has not
    scored do not count."""

    def _said(self, texts: Texts, batch: Batch) -> tuple[Tensor, Tensor]:
        """The teacher's score of each judged passage, and whether it has one, shape (M,)."""
        lines = batch[TAUGHT][texts.line]
        numbers, scores = lines[:, 1::2].long(), lines[:, 2::2]
        there = torch.arange(numbers.shape[1], device=lines.device) < lines[:, :1]
        hit = there & (numbers == texts.number[:, None])
        return (scores * hit).sum(1).float(), hit.any(1)

    def _scores(self, vectors: Tensor, texts: Texts) -> Tensor:
        """Scaled cosines of judged passages and their queries, shape (M,)."""
        unit = F.normalize(vectors, dim=1)
        return self.scale * (unit[texts.queries][texts.row] * unit[texts.line]).sum(1)


@dataclass(frozen=True)
class MarginMse(Taught):
    """The squared distance of the two differences between a relevant passage and another one: that of scaled cosines
    and that of the teacher's scores, over all such pairs of a query.

    Source: Hofstätter et al. 2020 (arXiv:2010.02666).
    """

    def of_vectors(self, vectors: Tensor, batch: Batch) -> Tensor:
        """Mean over queries with a pair of passages that were scored."""
        texts = Texts.of(batch)
        said, known = self._said(texts, batch)
        scores = self._scores(vectors, texts)
        kinds = (known & (texts.gain > 0))[:, None] & (known & (texts.gain <= 0))[None]
        relevant, other = (kinds & (texts.row[:, None] == texts.row[None])).nonzero(as_tuple=True)
        losses = margin_mse(scores[relevant] - scores[other], said[relevant] - said[other])
        return self._mean(losses, texts.row[relevant], batch, texts)

    def counted(self, texts: Texts, batch: Batch) -> Tensor:
        """Those with both kinds of passages among the scored ones."""
        known = self._said(texts, batch)[1]
        sides = [torch.zeros_like(texts.has) for _ in range(2)]
        for side, kind in zip(sides, (texts.gain > 0, texts.gain <= 0), strict=True):
            side[texts.row[known & kind]] = True
        return sides[0] & sides[1]


@dataclass(frozen=True)
class Kl(Taught):
    """Kullback-Leibler divergence of the softmax of the teacher's scores over its temperature and that of the scaled
    cosines, over the passages of a query, whatever their gains.

    Source: Lin et al. 2020 (arXiv:2010.11386); the distillation of BGE's embeddings.
    """

    temperature: float = 1.0

    def of_vectors(self, vectors: Tensor, batch: Batch) -> Tensor:
        """Mean over queries of which two passages were scored."""
        texts = Texts.of(batch)
        said, known = self._said(texts, batch)
        lists = Lists.by(texts.row[known])
        scores, taught = (lists.padded(one[known]) for one in (self._scores(vectors, texts), said / self.temperature))
        losses = kl_lists(scores, taught, lists.real)
        return self._mean(losses, torch.unique(texts.row[known]), batch, texts)

    def counted(self, texts: Texts, batch: Batch) -> Tensor:
        """Those with two passages that were scored."""
        known = self._said(texts, batch)[1]
        return torch.bincount(texts.row[known], minlength=len(texts.queries)) > 1


def taught_loss(own: EmbeddingRows, rows: Encoded, shape: Shape) -> Taught:
    """The loss that `embedding.loss` names.

    Raises:
        PlanError: `embedding.taught`, no passage of the rows has a teacher's score.
    """
    if TAUGHT not in rows.fixed or not rows.fixed[TAUGHT][:, 0].any():
        raise PlanError("embedding.taught", key="embedding.loss", value=own.loss)
    if own.loss == "kl":
        return Kl(shape=shape, scale=own.scale, temperature=own.temperature)
    return MarginMse(shape=shape, scale=own.scale)


__all__ = ["Kl", "MarginMse", "Taught", "taught_loss"]
