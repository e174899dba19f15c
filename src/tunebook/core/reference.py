"""What a task says of which the model is held against the one that it was before its training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from tunebook.core.batch import Batch
from tunebook.core.settings import Filled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from tunebook.core.encoded import Encoded


@runtime_checkable
class Refers(Protocol):
    """A task that holds a model against the one that it was before its training, which is asked once."""

    def refers(self, params: Filled) -> bool:
        """Whether the loss of these settings does so; answers do in any case."""

    def said(self, model: Any, batch: Batch) -> Tensor:
        """What the model before says of the rows of a batch, shape (rows, columns)."""

    def referred(self, rows: Encoded, said: NDArray[np.float32]) -> Encoded:
        """Rows with what it says of them, shape (N, columns)."""


__all__ = ["Refers"]
