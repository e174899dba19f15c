"""Bundles that find the place in a context which answers a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle import answer_windows
from tunebook.bundle.answer_windows import END, INSIDE, START
from tunebook.bundle.answering import Tokens
from tunebook.bundle.form import Outputs, Run, TaskForm, need_pairs
from tunebook.bundle.said import ALWAYS, KEPT, Said, told
from tunebook.bundle.windows import GivenPlaces, Windows, given_as, run_lines, windows_of

NEVER = -1e8


@final
class Extracting(TaskForm):
    """A question with a context is a row, of a long context in windows; of each row the logits of start and end of its
    tokens, (T, 2)."""

    gives: ClassVar[frozenset[str]] = frozenset({"predict"})

    def read(self, texts: Sequence[str], pairs: Sequence[str] | None, *, clean: bool, side: str) -> list[Tokens]:
        """Questions, and a context for each. Raises a DataError, `bundle.pairs`, where one has none."""
        given = need_pairs(texts, pairs)
        first, second = self.reader.clean(texts, done=clean), self.reader.clean(given, "pairs", done=clean)
        if not first:
            return []
        encoded = answer_windows.encode(first, second, self.reader.places, int(self.reader.how["max_length"]))
        rows = windows_of(encoded, answer_windows.WINDOW, first, second, self.reader.how)
        return list(rows) if clean else given_as(rows, given)

    def outputs(self, rows: Sequence[Tokens], run: Run) -> list[Outputs]:
        """The logits of each row's tokens."""
        return [np.concatenate(lines) for lines in run_lines(rows, self.reader, run)]

    def matrix(self, rows: Sequence[Tokens], outputs: Sequence[Outputs]) -> NDArray[np.float32]:
        """The best places, as `tunebook.bundle.said` has them."""
        each = [
            _places(row, out, int(self.manifest.decoding["longest"]))
            for row, out in zip(rows, outputs, strict=True)
            if isinstance(row, Windows)
        ]
        threshold = self.manifest.decoding["threshold"]
        above = np.full(len(each), ALWAYS if threshold is None else float(threshold))
        windows = np.array([len(row.lines) for row in rows if isinstance(row, Windows)])
        return Said(np.array([one[1] for one in each]), above, windows, [one[0] for one in each]).matrix()

    def answers(self, rows: Sequence[Tokens], outputs: Sequence[Outputs], top_k: int | None) -> list[dict[str, Any]]:
        """`answer`, `start`, `end`, `score` and `others` of each."""
        found = told(Said.of(self.matrix(rows, outputs)), GivenPlaces(self.reader.rules, rows))
        return [one if top_k is None else {**one, "others": one["others"][: top_k - 1]} for one in found]

    def blank(self) -> dict[str, Any]:
        """No answer."""
        return {"answer": "", "start": None, "end": None, "score": None, "others": []}


def _places(row: Windows, logits: Outputs, longest: int) -> tuple[NDArray[Any], float]:
    """The best places of a row with their scores, (K, 3), and by how much the best is above no answer."""
    known: dict[tuple[int, int], float] = {}
    lowest = np.inf
    for line in row.lines:
        inside = row.columns[INSIDE][line] > 0
        start, end = (np.where(inside, logits[line, side], NEVER).astype(np.float32) for side in (0, 1))
        lowest = min(lowest, float(logits[line.start, 0] + logits[line.start, 1]))
        begins, ends = row.columns[START][line], row.columns[END][line]
        for score, first, last in best_places(start, end, longest):
            place = int(begins[first]), int(ends[last])
            known[place] = max(score, known.get(place, NEVER))
    best = sorted(known.items(), key=lambda item: (-item[1], item[0]))[:KEPT]
    found = np.array([(*place, score) for place, score in best]).reshape(-1, 3)
    return found, float(found[0, 2] - lowest) if len(found) else NEVER


def best_places(start: NDArray[Any], end: NDArray[Any], longest: int) -> list[tuple[float, int, int]]:
    """Score, first and last token of the best places of a window, the best first.

    Args:
        start, end: logits, (tokens,), NEVER where nothing begins or ends; longest: tokens of an answer.
    """
    width = len(start)
    reach = min(longest, width)
    padded = np.concatenate([end, np.full(reach - 1, NEVER, dtype=end.dtype)])
    sums = (start[:, None] + np.lib.stride_tricks.sliding_window_view(padded, reach)).ravel()
    order = np.argsort(-sums, kind="stable")[: 2 * KEPT]
    found = [(float(sums[at]), int(at) // reach, int(at) // reach + int(at) % reach) for at in order]
    return [one for one in found if one[0] > NEVER / 2]


__all__ = ["NEVER", "Extracting", "best_places"]
