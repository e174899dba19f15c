"""What losses of vectors share: parts of the vectors, and passes that fit the memory."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from tunebook.core.batch import Batch, Criterion, model_inputs


@dataclass(frozen=True)
class Shape:
    """How the vectors of a batch are made and used.

    Attributes:
        mini_batch: texts in one forward pass of a cached loss (GradCache); None makes all of them in one.
        dims: first numbers of a vector that are to be a vector by themselves (Matryoshka), each of which adds its loss
            to the mean; none for the whole vector alone.
    """

    mini_batch: int | None = None
    dims: tuple[int, ...] = ()


@dataclass(frozen=True)
class VectorLoss(Criterion):
    """A loss of the vectors of a batch's texts.

    Source of `dims`: Kusupati et al. 2022 (arXiv:2205.13147).
    """

    shape: Shape = field(default=Shape(), kw_only=True)

    @abstractmethod
    def of_vectors(self, vectors: Tensor, batch: Batch) -> Tensor:
        """The loss, of vectors (texts, width) in float32."""

    def loss(self, model: Any, batch: Batch) -> tuple[Tensor, Any]:
        """Of the rows of a batch."""

        def of(vectors: Tensor) -> Tensor:
            dims = self.shape.dims or (vectors.shape[1],)
            return torch.stack([self.of_vectors(vectors[:, :size].float(), batch) for size in dims]).mean()

        if self.shape.mini_batch and torch.is_grad_enabled():
            from tunebook.nets.cached import cached

            return cached(model, batch, self.shape.mini_batch, of)
        outputs = model(**model_inputs(batch))
        return of(outputs.logits), outputs


__all__ = ["Shape", "VectorLoss"]
