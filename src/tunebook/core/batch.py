"""A micro-batch, the items that a loss is a mean of, and the loss itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import Tensor

Batch = dict[str, Any]
_NOT_INPUTS = frozenset({"labels", "sample_weight", "row"})


PART = "batch.part"  # which rows a pass reads that does not read all of them, shape (rows,)


@contextmanager
def reading(batch: Batch, rows: Tensor) -> Iterator[None]:
    """Inside, a batch tells those who change what its model reads that a pass reads some of its rows alone.

    Args:
        rows: which ones, as truths of shape (rows,).
    """
    batch[PART] = rows
    try:
        yield
    finally:
        del batch[PART]


def model_inputs(batch: Batch) -> Batch:
    """What of a batch goes into the model: neither targets nor weights nor the columns of techniques."""
    return {name: value for name, value in batch.items() if name not in _NOT_INPUTS and "." not in name}


@dataclass(frozen=True)
class Items:
    """The items of a micro-batch that a loss is a mean of: rows of a classifier, tokens of a tagger.

    Attributes:
        logits: of shape (M, outputs), in float32.
        targets: of shape (M,), or (M, outputs) for several labels an item.
        weights: of shape (M,): what each item counts.
        of_class: weight of each class in a loss of one class an item, of shape (outputs,), which `weights` hold for the
            item's own class; None for equal ones.
        groups: of shape (M,), the same number for items that are put in order, such as the passages of one query; None
            where none are.
    """

    logits: Tensor
    targets: Tensor
    weights: Tensor
    of_class: Tensor | None = None
    groups: Tensor | None = None

    def mean(self, losses: Tensor) -> Tensor:
        """Weighted mean of a loss of each item, shape (M,); 0 where all weigh nothing."""
        return (losses * self.weights).sum() / self.weights.sum().clamp_min(1e-12)


@dataclass(frozen=True)
class Sequences:
    """Items of which each hangs on the one before it, such as the words of a text.

    Attributes:
        logits: in float32, (rows, longest, classes); targets: (rows, longest); real: which items there are, the first
            ones of each row, (rows, longest).
        weights: what each item of a row counts, (rows,).
        begins, follows: whether a class may come first, (classes,), and whether one may stand behind another, (classes,
            classes).
        others: the items that stand in no sequence.
    """

    logits: Tensor
    targets: Tensor
    real: Tensor
    weights: Tensor
    begins: Tensor
    follows: Tensor
    others: Items

    def mean(self, losses: Tensor, others: Tensor) -> Tensor:
        """Weighted mean over all items, of the losses of whole rows (rows,) and of each of the others (M,)."""
        summed = (losses * self.weights).sum() + (others * self.others.weights).sum()
        return summed / ((self.weights * self.real.sum(dim=1)).sum() + self.others.weights.sum()).clamp_min(1e-12)


class Criterion(ABC):
    """A loss that is a mean over items, with the number of items that it divides by.

    Attributes:
        unit: what one of the units in which `flat` gives answers and targets is in those of the labels; 1 but for
            numbers, which are learnt in a unit that makes them vary by about 1.
        padded: whether passes read the rows of a batch side by side, each as long as the longest.
    """

    unit: float = 1.0
    padded: bool = True

    @abstractmethod
    def flat(self, outputs: Any, batch: Batch) -> Items:
        """The items of a batch, one after the other, for techniques that have a loss of their own."""

    @abstractmethod
    def loss(self, model: Any, batch: Batch) -> tuple[Tensor, Any]:
        """Mean over the items of a batch, and the model's outputs."""

    @abstractmethod
    def counts(self, batch: Batch) -> Tensor:
        """What each line of a batch counts in that mean, shape (lines,): the sum of the weights of its items."""

    def items(self, batch: Batch) -> Tensor:
        """What that mean divides by, a scalar tensor."""
        return self.counts(batch).sum()

    def mean(self, losses: Tensor, batch: Batch) -> Tensor:
        """Mean of a loss of each line, shape (lines,), weighed as the loss is; 0 where all weigh nothing."""
        counts = self.counts(batch)
        return (losses * counts).sum() / counts.sum().clamp_min(1e-12)


@runtime_checkable
class Measures(Protocol):
    """A criterion for numbers, which can be asked to measure them in another unit."""

    def measured(self, unit: float) -> Criterion:
        """The same loss of answers and targets that are divided by the unit."""


@runtime_checkable
class Lines(Protocol):
    """A criterion whose passes may read the rows of a batch one after the other, without padding."""

    def without_padding(self, model: Any, batches: Sequence[Batch]) -> Criterion | None:
        """The same loss, which counts the same and gives the same outputs; None where this model answers otherwise.

        Args:
            batches: to try it with: one of a few rows, and one of each of these alone.
        """


@runtime_checkable
class Sequential(Protocol):
    """A criterion whose items stand in sequences, so that a loss may be that of whole ones."""

    def sequences(self, outputs: Any, batch: Batch) -> Sequences:
        """Those of a batch, one a row."""


__all__ = [
    "PART",
    "Batch",
    "Criterion",
    "Items",
    "Lines",
    "Measures",
    "Sequences",
    "Sequential",
    "model_inputs",
    "reading",
]
