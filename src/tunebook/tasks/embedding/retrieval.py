"""Losses of queries and passages that are judged for them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own documentation uses
from numpy.typing import NDArray
from torch import Tensor

from tunebook.core.batch import Batch, Items
from tunebook.core.encoded import Encoded
from tunebook.core.judged import Judged
from tunebook.tasks.embedding.batches import PLACE, ROW
from tunebook.tasks.embedding.loss import Shape, VectorLoss
from tunebook.tasks.embedding.rows import EmbeddingRows, margin_of

_WIDE = 1 << 24  # more passages than there can be


@dataclass(frozen=True)
class Texts:
    """The queries and passages of a batch.

    Attributes:
        queries: line of each, shape (Q,); has: whether one of its passages is relevant.
        row: of each judged passage the number of its query, shape (M,).
        line, number, gain: its line, its number among all passages, and how relevant it is.
    """

    queries: Tensor
    has: Tensor
    row: Tensor
    line: Tensor
    number: Tensor
    gain: Tensor

    @classmethod
    def of(cls, batch: Batch) -> Texts:
        """Those of a batch of which `labels` are judgements of each line's row."""
        place, labels = batch[PLACE], batch["labels"]
        queries, line = (place < 0).nonzero()[:, 0], (place >= 0).nonzero()[:, 0]
        at = 1 + 2 * place[line]
        number, gain = labels[line, at].long(), labels[line, at + 1]
        row = batch[ROW][line]
        has = torch.zeros(len(queries), dtype=torch.bool, device=place.device)
        has[row[gain > 0]] = True
        return cls(queries, has, row, line, number, gain)


@dataclass(frozen=True)
class Retrieval(VectorLoss):
    """A mean over queries."""

    scale: float = 20.0

    def flat(self, outputs: Any, batch: Batch) -> Items:
        """Cosines of queries and their own passages, 1 for relevant ones and else 0."""
        texts, unit = Texts.of(batch), F.normalize(outputs.logits.float(), dim=1)
        cosines = (unit[texts.queries][texts.row] * unit[texts.line]).sum(1)
        return Items(cosines[:, None], (texts.gain > 0).float(), self._weights(batch)[texts.queries][texts.row])

    def counts(self, batch: Batch) -> Tensor:
        """The weight of its row for the line of each query that counts."""
        texts = Texts.of(batch)
        counts = self._weights(batch).new_zeros(len(batch[PLACE]))
        counts[texts.queries] = self._weights(batch)[texts.queries] * self.counted(texts, batch)
        return counts

    @abstractmethod
    def counted(self, texts: Texts, batch: Batch) -> Tensor:
        """Which queries have what the loss needs, shape (Q,)."""

    def _weights(self, batch: Batch) -> Tensor:
        weights = batch.get("sample_weight")
        return torch.ones(len(batch[PLACE]), device=batch[PLACE].device) if weights is None else weights.float()

    def _mean(self, losses: Tensor, row: Tensor, batch: Batch, texts: Texts) -> Tensor:
        """The mean over queries of the mean of the losses of each, shape (L,); `row` says whose they are."""
        each = torch.bincount(row, minlength=len(texts.queries)).clamp_min(1)
        weights = self._weights(batch)[texts.queries]
        return (losses * (weights / each)[row]).sum() / self.items(batch).clamp_min(1e-12)


@dataclass(frozen=True)
class InBatch(Retrieval):
    """Each relevant passage has to be told from all other passages of the batch, those of other queries too
    (MultipleNegativesRanking, InfoNCE): cross-entropy of scaled cosines.

    What is judged relevant for a query is none of its negatives, from whichever row it comes, and a passage that is in
    several rows counts once.

    Attributes:
        symmetric: each relevant passage has also to find its query among those of the batch.
        relevant: sorted numbers row * 2^24 + passage of all relevant judgements of the training rows, of which an epoch
            may show some.

    Source: Henderson et al. 2017 (arXiv:1705.00652), section 4; van den Oord et al. 2018 (arXiv:1807.03748).
    """

    symmetric: bool = False
    relevant: Tensor | None = None

    def of_vectors(self, vectors: Tensor, batch: Batch) -> Tensor:
        """Mean over queries with a relevant passage."""
        texts, unit = Texts.of(batch), F.normalize(vectors, dim=1)
        numbers, place = torch.unique(texts.number, return_inverse=True)
        first = torch.full_like(numbers, len(unit)).scatter_reduce(0, place, texts.line, "amin")
        scores = self.scale * unit[texts.queries] @ unit[first].T
        right = self._right(texts, numbers, place, batch)
        shown = texts.gain > 0
        row, column = texts.row[shown], place[shown]
        losses = _told_apart(scores, right, row, column)
        if self.symmetric:
            losses = (losses + _told_apart(scores.T, right.T, column, row)) / 2
        return self._mean(losses, row, batch, texts)

    def counted(self, texts: Texts, batch: Batch) -> Tensor:
        """Those with a relevant passage."""
        return texts.has

    def _right(self, texts: Texts, numbers: Tensor, place: Tensor, batch: Batch) -> Tensor:
        """Which passages are relevant for which query, shape (Q, passages)."""
        right = torch.zeros((len(texts.queries), len(numbers)), dtype=torch.bool, device=numbers.device)
        shown = texts.gain > 0
        right[texts.row[shown], place[shown]] = True
        if self.relevant is not None and "row" in batch and len(self.relevant):
            keys = batch["row"][texts.queries][:, None].long() * _WIDE + numbers[None]
            known = self.relevant.to(keys.device)
            at = torch.searchsorted(known, keys).clamp_max(len(known) - 1)
            right |= known[at] == keys
        return right


def _told_apart(scores: Tensor, right: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """Cross-entropy of each pair of row and column, shape (P,), without the other right columns of its row."""
    others = right[row].clone()
    others[torch.arange(len(row), device=row.device), column] = False
    return F.cross_entropy(scores[row].masked_fill(others, -torch.inf), column, reduction="none")


@dataclass(frozen=True)
class Triplet(Retrieval):
    """Each relevant passage has to be nearer to its query than each that is not, by a margin: the mean of
    max(0, margin + cos(query, other) - cos(query, relevant)). Queries without both kinds count nothing.

    Source: Schroff et al. 2015 (arXiv:1503.03832), with cosine distance.
    """

    margin: float = 0.2

    def of_vectors(self, vectors: Tensor, batch: Batch) -> Tensor:
        """Mean over queries with both kinds of passages."""
        texts, unit = Texts.of(batch), F.normalize(vectors, dim=1)
        cosines = (unit[texts.queries][texts.row] * unit[texts.line]).sum(1)
        pairs = (texts.row[:, None] == texts.row[None]) & (texts.gain > 0)[:, None] & (texts.gain <= 0)[None]
        relevant, other = pairs.nonzero(as_tuple=True)
        return self._mean(F.relu(self.margin + cosines[other] - cosines[relevant]), texts.row[relevant], batch, texts)

    def counted(self, texts: Texts, batch: Batch) -> Tensor:
        """Those with both kinds of passages."""
        other = torch.zeros_like(texts.has)
        other[texts.row[texts.gain <= 0]] = True
        return texts.has & other


def retrieval_loss(own: EmbeddingRows, rows: Encoded, shape: Shape) -> Retrieval:
    """The loss of judged passages for the rows of a table that embedding alone reads.

    Args:
        rows: those of training.
    """
    if own.loss == "triplet":
        return Triplet(shape=shape, margin=margin_of(own))
    known = torch.from_numpy(_keys(rows)) if "row" in rows.fixed else None
    return InBatch(shape=shape, scale=own.scale, symmetric=own.symmetric, relevant=known)


def _keys(rows: Encoded) -> NDArray[np.int64]:
    judged = Judged.of(rows.targets)
    relevant = judged.at(judged.value > 0)
    return np.unique(rows.fixed["row"].astype(np.int64)[relevant.row] * _WIDE + relevant.passage)


__all__ = ["InBatch", "Retrieval", "Texts", "Triplet", "retrieval_loss"]
