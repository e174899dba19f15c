"""Bundles of classifiers and of models of numbers, of single texts and of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.answering import Tokens
from tunebook.bundle.calibrated import DECODING, Calibrated
from tunebook.bundle.form import Outputs, Run, TaskForm, need_pairs, refuse_pairs
from tunebook.bundle.words import best_scores, said_classes


@final
class Classes(TaskForm):
    """One line of tokens a row; of each row its logits, (outputs,)."""

    gives: ClassVar[frozenset[str]] = frozenset({"predict"})

    def read(self, texts: Sequence[str], pairs: Sequence[str] | None, *, clean: bool, side: str) -> list[Tokens]:
        """Raises a DataError, `bundle.pairs`, for pairs without a second text and the other way round."""
        if not self.reader.how["pairs"]:
            refuse_pairs(pairs, len(texts))
            return self.reader.tokens(self.reader.clean(texts, done=clean))
        second = self.reader.clean(need_pairs(texts, pairs), "pairs", done=clean)
        return self.reader.tokens(self.reader.clean(texts, done=clean), second)

    def outputs(self, rows: Sequence[Tokens], run: Run) -> list[Outputs]:
        """The logits of each row."""
        return list(run(self.reader.batch(rows)))

    def matrix(self, rows: Sequence[Tokens], outputs: Sequence[Outputs]) -> NDArray[np.float32]:
        """The logits, (N, outputs)."""
        return np.stack(outputs)

    def answers(self, rows: Sequence[Tokens], outputs: Sequence[Outputs], top_k: int | None) -> list[dict[str, Any]]:
        """`label`, `score` and `scores` of each."""
        shown = self.manifest
        how = Calibrated.of(shown.decoding.get(DECODING))
        said = said_classes(how.logits(self.matrix(rows, outputs)), shown.names, shown.link, shown.classes)
        found = [how.told(answer) for answer in said]
        return [
            answer if top_k is None else {**answer, "scores": best_scores(answer["scores"], top_k)} for answer in found
        ]

    def blank(self) -> dict[str, Any]:
        """No label."""
        return {"label": None, "score": None, "scores": {}}


__all__ = ["Classes"]
