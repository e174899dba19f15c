"""What techniques may ask of the training that they are woven into, beside the batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from tunebook.core.batch import Batch

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from tunebook.core.encoded import Encoded
    from tunebook.core.task import OtherBook


class TrainingSource(Protocol):
    """What a technique may ask for beside the batch: further rows and models.

    Names are those of the table's rows, `owner.field`, declared with `Row(input=...)`.
    """

    def file(self, name: str) -> Path:
        """The file that a row of the table names, the very one that the plan has read.

        Raises:
            RunError: it has changed since.
        """

    def rows(self, name: str, *, labelled: bool = False) -> Encoded:
        """Rows of the file that a row of the table names, read and tokenised like the book's own."""

    def books(self, name: str) -> Sequence[OtherBook]:
        """The books that a row of the table names, in its order.

        Raises:
            PlanError: one of them has another task than this book.
        """

    def teacher(self, name: str) -> Any:
        """The model of the run that a row of the table names: frozen, in evaluation mode, beside the one trained.

        Raises:
            PlanError: it reads other tokens than the model that is trained.
        """

    def taught(self, name: str) -> NDArray[np.float32]:
        """What the run that a row of the table names answers on the training rows, shape (N, outputs), in the order of
        the column `row`; its tokenizer and its size may be others. Of several runs, the logits of their mean
        probability."""

    def columns(self) -> Mapping[str, Sequence[Any]]:
        """Further columns of the book's training rows, in the order of `row`."""

    def votes(self) -> Sequence[Sequence[Any]]:
        """The labels that single annotators gave each of the book's training rows, in the order of `row`; see
        `tunebook.data.votes`."""

    def batches(self, rows: Encoded, size: int | None = None) -> Iterator[Batch]:
        """Rows in their order, `size` at a time (the table's batch_size), on the model's device."""

    def score(self, model: Any) -> dict[str, float]:
        """Scores of a model on the validation rows: metric -> value."""

    @property
    def train(self) -> Encoded:
        """The book's training rows, in the order of `row`."""

    @property
    def past(self) -> Encoded | None:
        """Training rows of the run that this one continues from, and of those before it, with this head's labels; None
        without one. Their column `row` is -1; `past.age` is 1 for rows of that run, 2 for those of the one before."""

    @property
    def outputs_before(self) -> int:
        """Outputs of the head that is continued, which come first in this one's; 0 without one."""

    def before(self) -> Any:
        """The model that is continued, with its own head: frozen, in evaluation mode, beside the one trained."""

    def kept(self, key: str) -> dict[str, Tensor]:
        """What a technique has put into `run.keeps` in the run that is continued; empty where that is nothing."""


__all__ = ["TrainingSource"]
