"""Bundles that find spans in texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle import pieces
from tunebook.bundle.answering import Tokens
from tunebook.bundle.calibrated import DECODING, Calibrated
from tunebook.bundle.decoding import Chain, spans_in
from tunebook.bundle.form import Outputs, Run, TaskForm, refuse_pairs
from tunebook.bundle.spans import SAID, Spans, joined, told
from tunebook.bundle.windows import GivenPlaces, Windows, given_as, run_lines, windows_of


@final
class Tagger(TaskForm):
    """Windows of tokens; of each row the logits of all of its tokens, (T, tags)."""

    gives: ClassVar[frozenset[str]] = frozenset({"predict"})

    def read(self, texts: Sequence[str], pairs: Sequence[str] | None, *, clean: bool, side: str) -> list[Tokens]:
        """Raises a DataError, `bundle.pairs`, for second texts."""
        refuse_pairs(pairs, len(texts))
        seen = self.reader.clean(texts, done=clean)
        if not seen:
            return []
        encoded = pieces.encode(seen, None, self.reader.places, int(self.reader.how["max_length"]))
        rows = windows_of(encoded, pieces.WINDOW, seen, None, self.reader.how)
        return list(rows) if clean else given_as(rows, texts)

    def outputs(self, rows: Sequence[Tokens], run: Run) -> list[Outputs]:
        """The logits of each row's tokens."""
        return [np.concatenate(lines) for lines in run_lines(rows, self.reader, run)]

    def matrix(self, rows: Sequence[Tokens], outputs: Sequence[Outputs]) -> NDArray[np.float32]:
        """The spans, (N, 1 + 4 S)."""
        return self._spans(rows, outputs).matrix(SAID).astype(np.float32)

    def answers(self, rows: Sequence[Tokens], outputs: Sequence[Outputs], top_k: int | None) -> list[dict[str, Any]]:
        """`spans` of each, with their places in the text as it was given."""
        how, spans = Calibrated.of(self.manifest.decoding.get(DECODING)), self._spans(rows, outputs)
        scored = replace(spans, score=how.chances(spans.score))
        found = told(scored, self.manifest.names, GivenPlaces(self.reader.rules, rows), scored=True)
        return [how.told({"spans": spans}) for spans in found]

    def blank(self) -> dict[str, Any]:
        """No spans."""
        return {"spans": []}

    def _spans(self, rows: Sequence[Tokens], outputs: Sequence[Outputs]) -> Spans:
        chain = self.manifest.decoding.get("chain")
        known = None if chain is None else Chain.of(chain)
        each = [
            spans_in(out, row.columns, known)
            for row, out in zip(rows, outputs, strict=True)
            if isinstance(row, Windows)
        ]
        return joined(each)


__all__ = ["Tagger"]
