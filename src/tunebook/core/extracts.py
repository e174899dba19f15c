"""Places in a context that answer a question, with the context itself, packed as a text: one target a row.

A score compares words, and so needs what stands at the places that a model names, acceptable or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunebook.core.written import texts_of

Place = tuple[int, int]


@dataclass(frozen=True)
class Extract:
    """What answers a question.

    Attributes:
        context: the text that is searched.
        places: start and end of each acceptable answer in it, code points, the end exclusive; none for a question that
            the context does not answer. The first one is learnt.
    """

    context: str
    places: Sequence[Place]

    @classmethod
    def of(cls, target: str) -> Extract:
        """From a text that `packed` made."""
        head, _, context = str(target).partition("\n")
        ends = [part.split("-") for part in head.split(",") if part]
        return cls(context, [(int(start), int(end)) for start, end in ends])

    @property
    def answers(self) -> list[str]:
        """The words at each place."""
        return [self.context[start:end] for start, end in self.places]


def packed(rows: Iterable[Extract]) -> NDArray[np.generic]:
    """Targets of rows, shape (N,), each a text: `start-end,start-end`, a line feed, and the context."""
    return texts_of([f"{','.join(f'{start}-{end}' for start, end in row.places)}\n{row.context}" for row in rows])


__all__ = ["Extract", "Place", "packed"]
