"""What the server, the rollout and the watch know of a model in memory, whatever runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Tokens:
    """One text (or pair), cleaned and read by the model's tokenizer.

    Attributes:
        text: after cleaning; pair: the second text of a pair.
        ids: token numbers, shape (n,), with the special ones; types: of which text each is, None where nothing asks.
        offsets: places (start, end) of each token in `text`, shape (n, 2), where the task needs them.
        cut: the text is longer than what the model reads and lost its end; unknown: tokens that stand for what cannot
            be read.
    """

    text: str
    pair: str | None
    ids: NDArray[np.int64]
    types: NDArray[np.int64] | None = None
    offsets: NDArray[np.int64] | None = None
    cut: bool = False
    unknown: int = 0

    def __len__(self) -> int:
        return len(self.ids)


class Answering(Protocol):
    """A model that answers, in three steps, so that texts of many requests can be read together.

    Attributes:
        id: of its run; hash: of its files; task: key; problem: kind of its labels; names: of its classes.
        gives: what can be asked: `predict`, `embed`, `rerank`.
    """

    id: str
    hash: str
    task: str
    problem: str
    names: Sequence[str]
    gives: frozenset[str]

    def read(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> list[Tokens]:
        """Clean and tokenise; nothing is run. Safe to call from several threads."""

    def outputs(self, rows: Sequence[Tokens]) -> list[NDArray[np.float32]]:
        """One forward pass of these rows together, padded to the longest: what the model gives of each, the same to
        rounding whichever rows stand beside it."""

    def answers(
        self, rows: Sequence[Tokens], outputs: Sequence[NDArray[np.float32]], top_k: int | None = None
    ) -> list[dict[str, Any]]:
        """These in the words of `predict`: of classes `label`, `score` (a probability) and `scores`."""


__all__ = ["Answering", "Tokens"]
