"""Losses of texts with a class: those of one class belong together, and none of them is a negative of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own documentation uses
from torch import Tensor

from tunebook.core.batch import Batch, Items
from tunebook.core.encoded import Encoded
from tunebook.nets.contrast import apart, contrastive_classes, same_class, supervised
from tunebook.nets.pairs import fellows
from tunebook.tasks.embedding.batches import PLACE, ROW
from tunebook.tasks.embedding.loss import Shape, VectorLoss
from tunebook.tasks.embedding.rows import EmbeddingRows, margin_of


@dataclass(frozen=True)
class OfClasses(VectorLoss):
    """A mean over the texts of a batch, a row's weight shared by its texts; one without a fellow of its class in the
    batch has the loss 0.

    Attributes:
        kind: `supcon`: each fellow is told from all other texts; `in_batch`: from those of other classes alone;
            `contrastive`: fellows are drawn together and others pushed apart by a margin.
        scale: one over the temperature; margin: of `contrastive`.

    Source: Khosla et al. 2020 (arXiv:2004.11362); Hadsell, Chopra and LeCun 2006, doi:10.1109/CVPR.2006.100.
    """

    kind: Literal["supcon", "in_batch", "contrastive"]
    scale: float = 20.0
    margin: float = 0.5

    def of_vectors(self, vectors: Tensor, batch: Batch) -> Tensor:
        """Of all texts of a batch."""
        cosines, counts = _cosines(vectors), self.counts(batch)
        same = same_class(batch["labels"])
        if self.kind == "contrastive":
            losses = contrastive_classes(cosines, same, self.margin)
        else:
            losses = (supervised if self.kind == "supcon" else apart)(self.scale * cosines, same)
        return (losses * counts).sum() / counts.sum().clamp_min(1e-12)

    def flat(self, outputs: Any, batch: Batch) -> Items:
        """The texts: scaled cosines with all of the batch, and their classes."""
        return Items(self.scale * _cosines(outputs.logits.float()), batch["labels"], self.counts(batch))

    def counts(self, batch: Batch) -> Tensor:
        """The weight of each text's row over the texts of that."""
        counts = 1.0 / torch.bincount(batch[ROW])[batch[ROW]]
        return counts * batch["sample_weight"].float() if "sample_weight" in batch else counts


def _cosines(vectors: Tensor) -> Tensor:
    unit = F.normalize(vectors, dim=1)
    return unit @ unit.T


def class_loss(own: EmbeddingRows, shape: Shape) -> OfClasses:
    """The loss of texts with a class for the rows of a table that embedding alone reads."""
    kind = own.loss if own.loss in ("in_batch", "contrastive") else "supcon"
    return OfClasses(kind=kind, scale=own.scale, margin=margin_of(own), shape=shape)


def mated(rows: Encoded, seed: Sequence[int]) -> Encoded:
    """Single texts, each followed by another one of its class, drawn at random; the same for the same seed. One that is
    alone of its class stays alone.

    Args:
        rows: of one text each, with class numbers as `labels`.
    """
    classes = rows.fixed["labels"]
    sizes = np.bincount(classes)[classes]
    mate = fellows(classes, np.random.default_rng(list(seed)).integers(1, np.maximum(sizes, 2)))
    paired = sizes > 1
    chosen = np.stack([np.arange(len(classes)), mate], axis=1)
    kept = np.stack([np.ones(len(classes), dtype=bool), paired], axis=1)
    lines = rows.take(chosen[kept])
    where = np.broadcast_to([-1, 0], kept.shape)[kept]
    flat = {**lines.flat, PLACE: np.repeat(where, lines.lengths).astype(rows.flat[PLACE].dtype)}
    offsets = lines.offsets[np.concatenate([[0], np.cumsum(1 + paired)])]
    return Encoded(flat, offsets, rows.fixed)


__all__ = ["OfClasses", "class_loss", "mated"]
