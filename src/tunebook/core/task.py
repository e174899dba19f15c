"""What a task is: the kind of model that is trained, and how its answers are scored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from tunebook.core.nouns import Labels
from tunebook.core.params import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from tunebook.core.technique import Batch


@dataclass(frozen=True)
class Rows:
    """Rows of one split, column by column.

    Attributes:
        texts: cleaned text of each row.
        pairs: second text of each row; None for single texts.
        targets: array of shape (N,) with class numbers or values, or (N, classes) of 0 and 1; None without labels.
        ids: row id of each row.
        weights: sample weight of each row; None for equal weights.
        other: the remaining columns, untouched.
    """

    texts: Sequence[str]
    pairs: Sequence[str] | None
    targets: NDArray[Any] | None
    ids: Sequence[str]
    weights: NDArray[Any] | None = None
    other: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.texts)


class Task(ABC):
    """One kind of fine-tuning job.

    Class attributes:
        key: name in book.toml and in plans.
        gives: what techniques may rely on (`logits`, `embeddings`, `layers`, `head` ...).
    """

    key: ClassVar[str]
    gives: ClassVar[frozenset[str]]

    @abstractmethod
    def headline(self, labels: Labels) -> str:
        """Name of the metric that the task is judged by."""

    @abstractmethod
    def build(self, folder: Any, labels: Labels, params: Mapping[str, Value]) -> Any:
        """The model with a fresh head for these labels, from a base model's folder."""

    @abstractmethod
    def encode(self, rows: Rows, tokenizer: Any, max_length: int) -> dict[str, list[Any]]:
        """Token columns of each row, not padded; `labels` where the rows have targets."""

    @abstractmethod
    def collate(self, columns: Mapping[str, Sequence[Any]], rows: Sequence[int], tokenizer: Any) -> Batch:
        """A padded batch of tensors, of the rows with these numbers."""

    @abstractmethod
    def loss(self, model: Any, batch: Batch, params: Mapping[str, Value], weights: Tensor | None) -> tuple[Tensor, Any]:
        """Mean loss over the items of a batch, and the model's outputs."""

    @abstractmethod
    def items(self, batch: Batch, weights: Tensor | None) -> Tensor:
        """What the mean of `loss` divides by: rows, tokens or the sum of weights. A scalar tensor."""

    @abstractmethod
    def answers(self, logits: NDArray[np.float32], labels: Labels) -> dict[str, Any]:
        """Predictions from the head's outputs (N, outputs): `label`, `score`, `scores` of each row."""

    @abstractmethod
    def scores(self, logits: NDArray[np.float32], targets: NDArray[Any], labels: Labels) -> dict[str, float]:
        """Metric -> value, on logits (N, outputs) and targets."""


__all__ = ["Rows", "Task"]
