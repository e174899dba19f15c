"""Spans of rows as matrices: one line a row, their number first, then the fields of each, and zeros behind.

Behind the predicted spans of a row stands how it was read, where one more span would stand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import stacked

Array = NDArray[Any]
Ints = NDArray[np.int64]
TRUE, SAID = 3, 4  # fields of a true span (start, end, class) and of a predicted one, which has a score too


@dataclass(frozen=True)
class Spans:
    """Spans of N rows, row by row; arrays of shape (M,). Places are code points, ends are exclusive.

    Attributes:
        row, start, end, label: of each span; score: 1 for true ones.
        read: how each row was read, shape (N, 4), 0 where nobody says: code points, windows, and, of what a plain
            pipeline would read otherwise, tags that were mended and tokens that say other than their piece.
    """

    row: Ints
    start: Ints
    end: Ints
    label: Ints
    score: Array
    read: Ints

    @classmethod
    def of(cls, matrix: Array, fields: int) -> Spans:
        """Those of a matrix (N, 1 + fields * S); a row of NaN has none."""
        known = np.nan_to_num(np.asarray(matrix))
        blocks = known[:, 1:].reshape(len(known), -1, fields)
        row, place = np.nonzero(np.arange(blocks.shape[1]) < known[:, :1])
        found = blocks[row, place]
        start, end, label = (found[:, column].astype(np.int64) for column in range(3))
        if fields == TRUE:
            return cls(row, start, end, label, np.ones(len(row)), np.zeros((len(known), SAID), dtype=np.int64))
        behind = np.pad(blocks, ((0, 0), (0, 1), (0, 0)))[np.arange(len(known)), known[:, 0].astype(np.int64)]
        return cls(row, start, end, label, found[:, 3], behind.astype(np.int64))

    @property
    def rows(self) -> int:
        """Number of rows N."""
        return len(self.read)

    def matrix(self, fields: int) -> Array:
        """The matrix (N, 1 + fields * S) that they were read from, as narrow as it can be."""
        counts = np.bincount(self.row, minlength=self.rows)
        place = np.arange(len(self.row)) - np.repeat(np.cumsum(counts) - counts, counts)
        blocks = np.zeros((self.rows, int(counts.max(initial=0)) + (fields == SAID), fields))
        columns = (self.start, self.end, self.label, self.score)[:fields]
        blocks[self.row, place] = np.stack(columns, axis=1)
        if fields == SAID:
            blocks[np.arange(self.rows), counts] = self.read
        whole = np.concatenate([counts[:, None], blocks.reshape(self.rows, -1)], axis=1)
        return whole.astype(np.float32 if fields == SAID else np.int64)

    def counts(self, types: int) -> Ints:
        """How many of each type each row has, shape (N, types)."""
        found = np.bincount(self.row * types + self.label, minlength=self.rows * types)
        return found.reshape(self.rows, types)

    def at(self, chosen: Array) -> Spans:
        """Some of the spans, of the same rows."""
        names = ("row", "start", "end", "label", "score")
        return replace(self, **{name: getattr(self, name)[chosen] for name in names})


def joined(each: Sequence[Spans]) -> Spans:
    """The spans of several packs of rows as one, in order."""
    starts = np.cumsum([0, *(one.rows for one in each)])
    row = [one.row + start for one, start in zip(each, starts, strict=False)]
    names = ("start", "end", "label", "score")
    columns = {name: np.concatenate([np.zeros(0), *(getattr(one, name) for one in each)]) for name in names}
    whole = {name: value if name == "score" else value.astype(np.int64) for name, value in columns.items()}
    read = np.concatenate([np.zeros((0, SAID), dtype=np.int64), *(one.read for one in each)])
    return Spans(row=np.concatenate([np.zeros(0, dtype=np.int64), *row]), read=read, **whole)


def told(
    spans: Spans, names: Sequence[str], place: Callable[[int, int, int], tuple[int, int, str]], *, scored: bool
) -> list[list[dict[str, Any]]]:
    """The spans of each row in words: `start`, `end`, `label`, `text` and, `scored`, `score`.

    Args:
        place: from a row's number and a part of its clean text to the part of the text as the user gave it.
    """
    found: list[list[dict[str, Any]]] = [[] for _ in range(spans.rows)]
    columns = (spans.row, spans.start, spans.end, spans.label, spans.score)
    for row, start, end, label, score in zip(*(column.tolist() for column in columns), strict=True):
        first, last, text = place(row, start, end)
        one = {"start": first, "end": last, "label": names[label], "text": text}
        found[row].append({**one, "score": score} if scored else one)
    return found


def mean(answers: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The spans (N, 1 + 4 S) that more than half of the models find, with the mean of their scores; a model that does
    not find one gives it 0.

    No two of them overlap, since none of a model's own do. Models without an answer (NaN) have no vote.
    """
    whole = stacked(answers)
    models, rows = whole.shape[:2]
    votes = np.isfinite(whole[:, :, 0]).sum(0)
    found = Spans.of(whole.reshape(models * rows, -1), SAID)
    fields = np.stack([found.row % rows, found.start, found.end, found.label], axis=1)
    each, own = np.unique(fields, axis=0, return_inverse=True)
    own = own.reshape(-1)
    row = each[:, 0]
    most = 2 * np.bincount(own, minlength=len(each)) > votes[row]
    score = np.bincount(own, weights=found.score, minlength=len(each)) / np.maximum(votes[row], 1)
    read = found.read.reshape(models, rows, SAID).max(axis=0)
    return Spans(row, each[:, 1], each[:, 2], each[:, 3], score, read).at(most).matrix(SAID)


__all__ = ["SAID", "TRUE", "Spans", "joined", "mean", "told"]
