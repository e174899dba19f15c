"""What differs between bundles of one task and another: how rows are read, run and said."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.answering import Tokens
from tunebook.bundle.manifest import Manifest
from tunebook.bundle.reading import Feeds, Reader
from tunebook.core.errors import DataError

Outputs = NDArray[np.float32]
Run = Callable[[Feeds], Outputs]


class TaskForm(ABC):
    """One task's way. It holds nothing that changes.

    Class attributes:
        gives: what can be asked of such a bundle.
    """

    gives: ClassVar[frozenset[str]]

    def __init__(self, manifest: Manifest, reader: Reader) -> None:
        self.manifest = manifest
        self.reader = reader

    @abstractmethod
    def read(self, texts: Sequence[str], pairs: Sequence[str] | None, *, clean: bool, side: str) -> list[Tokens]:
        """Clean and tokenise; or tokenise, where the texts are clean.

        Args:
            side: of vectors, whether they are of a `query` or of a `passage`.
        """

    @abstractmethod
    def outputs(self, rows: Sequence[Tokens], run: Run) -> list[Outputs]:
        """What the model gives of each row."""

    @abstractmethod
    def matrix(self, rows: Sequence[Tokens], outputs: Sequence[Outputs]) -> NDArray[np.float32]:
        """The task's answers (N, k), as those of a run."""

    @abstractmethod
    def answers(self, rows: Sequence[Tokens], outputs: Sequence[Outputs], top_k: int | None) -> list[dict[str, Any]]:
        """These in the words of users."""

    @abstractmethod
    def blank(self) -> dict[str, Any]:
        """What is said of a row with nothing to read."""


def refuse_pairs(pairs: Sequence[str] | None, texts: int) -> None:
    """Refuse second texts where none is read.

    Raises:
        DataError: `bundle.pairs`.
    """
    if pairs is not None:
        raise DataError("bundle.pairs", key="pairs", value=len(pairs), texts=texts)


def need_pairs(texts: Sequence[str], pairs: Sequence[str] | None) -> Sequence[str]:
    """The second texts, where each text needs one.

    Raises:
        DataError: `bundle.pairs`.
    """
    if pairs is None or len(pairs) != len(texts):
        raise DataError("bundle.pairs", key="pairs", value=None if pairs is None else len(pairs), texts=len(texts))
    return pairs


__all__ = ["Outputs", "Run", "TaskForm", "need_pairs", "refuse_pairs"]
