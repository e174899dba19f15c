"""Bundles that say how relevant a passage is to a query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle import pair_windows
from tunebook.bundle.answering import Tokens
from tunebook.bundle.form import Outputs, Run, TaskForm, need_pairs
from tunebook.bundle.windows import run_lines, windows_of
from tunebook.core.answers import Rows
from tunebook.core.judged import Judged
from tunebook.core.links import sigmoid


@final
class Relevance(TaskForm):
    """A query with a passage is a row, of a long passage in windows; of each row the logit of each window, (windows,).
    The score of a row is the sigmoid of its highest."""

    gives: ClassVar[frozenset[str]] = frozenset({"rerank"})

    def read(self, texts: Sequence[str], pairs: Sequence[str] | None, *, clean: bool, side: str) -> list[Tokens]:
        """Queries, and a passage for each. Raises a DataError, `bundle.pairs`, where one has none."""
        second = self.reader.clean(need_pairs(texts, pairs), "pairs", done=clean)
        first = self.reader.clean(texts, done=clean)
        if not first:
            return []
        numbers = np.arange(len(first))
        judged = Judged(numbers, numbers, np.zeros(len(first)), len(first))
        rows = Rows(first, None, judged.matrix(), [str(number) for number in numbers], passages=second)
        encoded = pair_windows.encode(rows, self.reader.places, int(self.reader.how["max_length"]))
        return list(windows_of(encoded, pair_windows.WINDOW, first, second, self.reader.how))

    def outputs(self, rows: Sequence[Tokens], run: Run) -> list[Outputs]:
        """The logit of each window of each row."""
        return [np.array([line[0] for line in lines], dtype=np.float32) for lines in run_lines(rows, self.reader, run)]

    def matrix(self, rows: Sequence[Tokens], outputs: Sequence[Outputs]) -> NDArray[np.float32]:
        """The highest logits, (N, 1)."""
        return np.array([[output.max()] for output in outputs], dtype=np.float32)

    def answers(self, rows: Sequence[Tokens], outputs: Sequence[Outputs], top_k: int | None) -> list[dict[str, Any]]:
        """`score` of each, from 0 to 1."""
        return [{"score": float(score)} for score in sigmoid(self.matrix(rows, outputs))[:, 0]]

    def blank(self) -> dict[str, Any]:
        """No score."""
        return {"score": None}


__all__ = ["Relevance"]
