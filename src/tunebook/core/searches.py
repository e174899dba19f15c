"""What a task that makes vectors can be asked: rows beside each other in training, answers that are searched for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeGuard, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.nouns import Labels

if TYPE_CHECKING:
    from tunebook.core.encoded import Encoded

# Numbers (P,) of passages, or of the classes of texts, and their vectors (P, width)
Placed = tuple[NDArray[np.int64], NDArray[np.float32]]


@runtime_checkable
class Searches(Protocol):
    """A task whose answers are passages that are searched for by vectors."""

    def searches(self, labels: Labels) -> bool:
        """Whether rows with these labels are answered so."""

    def gathered(
        self, read: NDArray[np.float32], encoded: Encoded, others: Placed | None = None
    ) -> NDArray[np.float32]:
        """Answers of rows, from what was read of each (N, columns): of the passages that are in these rows, and of
        others; of rows with a class by the texts that are given, or else by each other."""

    def nearest(self, queries: NDArray[np.float32], passages: NDArray[np.float32]) -> NDArray[np.float32]:
        """Answers (N, k) of queries of these vectors (N, width), of all passages (P, width)."""

    def classed(
        self, asked: tuple[Rows, NDArray[np.float32]], known: tuple[Rows, NDArray[np.float32]], labels: Labels
    ) -> NDArray[np.float32]:
        """Answers (N, k) of rows without passages, by the training rows that they are like.

        Args:
            asked, known: the rows, and those of training, each with its vectors (N, width).
        """


@runtime_checkable
class Mates(Protocol):
    """A task that shows a training row with others, such as a text beside another one of its class."""

    def mated(self, rows: Encoded, labels: Labels, seed: Sequence[int]) -> Encoded:
        """The rows as this draw shows them, as many, each in its place; the same for the same seed."""


def searching(task: object, labels: Labels) -> TypeGuard[Searches]:
    """Whether rows with these labels are answered by passages that this task searches for."""
    return isinstance(task, Searches) and task.searches(labels)


__all__ = ["Mates", "Placed", "Searches", "searching"]
