"""Tasks that choose something by the validation rows once a model is trained, and keep it with the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@runtime_checkable
class Chooses(Protocol):
    """A task of this sort, such as one with a threshold."""

    def chosen(self, model: Any, answers: NDArray[np.float32], targets: NDArray[Any]) -> None:
        """Write into the model what its answers (N, k) to the validation rows choose."""

    def take_up(self, model: Any, folder: Path) -> None:
        """Write into a model that was put together anew what was chosen for that of a folder."""


__all__ = ["Chooses"]
