"""Rows of a split as a task reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any

from tunebook.core.hashing import lines_id

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Rows:
    """Rows of one split, column by column.

    Attributes:
        texts: cleaned text of each row.
        pairs: second text of each row; None for single texts.
        targets: array of shape (N,) with class numbers or values, or (N, classes) of 0 and 1; None without labels.
        ids: row id of each row.
        weights: sample weight of each row; None for equal weights.
        other: the remaining columns, untouched.
        words: places of the words of each text, start and end, shape (words, 2), where the rows' source has words.
        raw: text of each row as the user gave it; None where that is not known.
        passages: texts that targets and answers name by their number, the same for all rows of one data folder; None
            where the rows are of no such kind. passage_ids: the name of each.
        back: of each row the function that says where a part of the cleaned text (start, end) lies in the raw one.
    """

    texts: Sequence[str]
    pairs: Sequence[str] | None
    targets: NDArray[Any] | None
    ids: Sequence[str]
    weights: NDArray[Any] | None = None
    other: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    words: Sequence[NDArray[np.int64]] | None = None
    raw: Sequence[str] | None = None
    back: Sequence[Callable[[int, int], tuple[int, int]]] | None = None
    passages: Sequence[str] | None = None
    passage_ids: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def texts_id(self) -> str:
        """Hash of all that a model reads of the rows: texts, second texts, places of words, passages, and which of
        these are judged for a row."""
        words = (str(places.tolist()) for places in self.words or ())
        judged = (str(numbers) for numbers in self._judged())
        return lines_id(chain(self.texts, self.pairs or (), words, self.passages or (), judged), 64)

    def _judged(self) -> list[list[int]]:
        """Numbers of the passages that are judged for each row; none where rows are of no such kind."""
        if self.passages is None or self.targets is None:
            return []
        from tunebook.core.judged import Judged

        found = Judged.of(self.targets)
        ends = found.counts.cumsum()
        return [found.passage[end - count : end].tolist() for end, count in zip(ends, found.counts, strict=True)]

    def at(self, places: slice | Sequence[int]) -> Rows:
        """Some of the rows, in the order in which their places are given, without the remaining columns."""

        def taken(column: Sequence[Any]) -> Sequence[Any]:
            return column[places] if isinstance(places, slice) else [column[number] for number in places]

        return Rows(
            texts=taken(self.texts),
            pairs=None if self.pairs is None else taken(self.pairs),
            targets=None if self.targets is None else self.targets[places],
            ids=taken(self.ids),
            weights=None if self.weights is None else self.weights[places],
            words=None if self.words is None else taken(self.words),
            raw=None if self.raw is None else taken(self.raw),
            back=None if self.back is None else taken(self.back),
            passages=self.passages,
            passage_ids=self.passage_ids,
        )

    def place(self, row: int, start: int, end: int) -> tuple[int, int, str]:
        """Where a piece of a row's cleaned text (characters, end exclusive, not empty) lies in the raw one, and what it
        says there."""
        if self.raw is None or self.back is None:
            return start, end, self.texts[row][start:end]
        first, last = self.back[row](start, end)
        return first, last, self.raw[row][first:last]


__all__ = ["Rows"]
