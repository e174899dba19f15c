"""Bundles that make a vector of a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.answering import Tokens
from tunebook.bundle.form import Outputs, Run, TaskForm, refuse_pairs
from tunebook.core.errors import DataError

TEXT = "{text}"  # in a prompt
SIDES = ("query", "passage")


@final
class Vectors(TaskForm):
    """One line of tokens a text, with the prompt of its side; of each its vector, (width,)."""

    gives: ClassVar[frozenset[str]] = frozenset({"embed"})

    def read(self, texts: Sequence[str], pairs: Sequence[str] | None, *, clean: bool, side: str) -> list[Tokens]:
        """Raises a DataError, `bundle.pairs`, for second texts, `bundle.side` for a side that there is not."""
        refuse_pairs(pairs, len(texts))
        if side not in SIDES:
            raise DataError("bundle.side", key="side", value=side, allowed=" | ".join(SIDES))
        prompt = str(self.reader.how["prompts"][side])
        return self.reader.tokens([prompt.replace(TEXT, text) for text in self.reader.clean(texts, done=clean)])

    def outputs(self, rows: Sequence[Tokens], run: Run) -> list[Outputs]:
        """The vector of each."""
        return list(run(self.reader.batch(rows)))

    def matrix(self, rows: Sequence[Tokens], outputs: Sequence[Outputs]) -> NDArray[np.float32]:
        """The vectors, (N, width)."""
        return np.stack(outputs)

    def answers(self, rows: Sequence[Tokens], outputs: Sequence[Outputs], top_k: int | None) -> list[dict[str, Any]]:
        """`vector` of each."""
        return [{"vector": output.tolist()} for output in outputs]

    def blank(self) -> dict[str, Any]:
        """No vector."""
        return {"vector": None}


__all__ = ["SIDES", "TEXT", "Vectors"]
