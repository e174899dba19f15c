"""Rows changed by a perturbation, with the labels that they have then; and which kinds of targets allow that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.spans import TRUE, Spans
from tunebook.challenge.perturbation import Draw, Perturbation
from tunebook.challenge.texts import apply, language_of, moved, outside
from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef
from tunebook.core.task import Rows
from tunebook.data.cleaning import Edit, clean_text
from tunebook.data.kind import column_kind

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Changed:
    """Rows of which a perturbation has changed the texts.

    Attributes:
        rows: with their true labels; places: number of each in the rows that were changed, shape (N,).
        unchanged: how many it could not change.
        starts, ends: of rows with marked places, where each place of the text before lies now.
    """

    rows: Rows
    places: Ints
    unchanged: int
    starts: Sequence[Ints] = ()
    ends: Sequence[Ints] = ()

    def carried(self, marked: NDArray[Any]) -> NDArray[Any]:
        """Marked places of the rows before, (N, 1 + 3 S), as they lie now; what is no such thing stays as it is."""
        if not self.starts:
            return marked
        spans = Spans.of(marked, TRUE)
        row = spans.row.tolist()
        start = [int(self.starts[number][at]) for number, at in zip(row, spans.start.tolist(), strict=True)]
        end = [int(self.ends[number][at]) for number, at in zip(row, spans.end.tolist(), strict=True)]
        new = replace(spans, start=np.array(start, dtype=np.int64), end=np.array(end, dtype=np.int64))
        return new.matrix(TRUE)


def check_kind(data: DataRef, run: str = "") -> None:
    """Refuse rows whose targets are neither labels nor places in the text itself.

    Raises:
        DataError: `challenge.task`.
    """
    kind = column_kind(data.labels.problem)
    places = kind.of_words and kind.places_in == "text"
    labelled = not (kind.of_passages or kind.of_chats or kind.of_preferences or kind.places_in == "pair")
    if not (places or labelled):
        raise DataError("challenge.task", key=run, value=data.task)


def of_places(data: DataRef) -> bool:
    """Whether targets are places in the text."""
    return column_kind(data.labels.problem).of_words


def change(rows: Rows, data: DataRef, how: Perturbation, seed: int) -> Changed:
    """The rows that a perturbation can change, cleaned as the book cleans texts; the same for the same seed, whatever
    other rows there are.

    Marked places keep their labels: changes that would touch one are left out, unless they go character for character.
    """
    marked = _marked(rows) if of_places(data) else None
    rules = tuple(data.stats["cleaning"]["rules"])
    book = str(data.stats.get("language", "other"))
    texts, pairs, places, moves = [], [], [], []
    for number, text in enumerate(rows.texts):
        draw = Draw(f"{seed}/{how.key}/{rows.ids[number]}")
        spans = () if marked is None else marked[number]
        edits = _edits(text, how, draw, spans, book)
        new = apply(text, edits)
        second = None if rows.pairs is None else rows.pairs[number]
        other = second
        if second is not None and how.pairs == "both":
            other = clean_text(apply(second, _edits(second, how, draw, (), book)), rules)
        cleaned = clean_text(new, rules)
        if (cleaned, other) == (text, second) or not cleaned or (marked is not None and cleaned != new):
            continue  # what cleaning undoes is no change; where it moves places, nobody knows them
        texts.append(cleaned)
        pairs.append(other or "")
        places.append(number)
        moves.append(moved(len(text), edits))
    found = replace(rows.at(places, columns=True), texts=texts, pairs=None if rows.pairs is None else pairs)
    unchanged = len(rows) - len(places)
    if marked is None:
        return Changed(found, np.array(places, dtype=np.int64), unchanged)
    starts, ends = [start for start, _ in moves], [end for _, end in moves]
    made = Changed(found, np.array(places, dtype=np.int64), unchanged, starts, ends)
    words = None if rows.words is None else column_kind(data.labels.problem).cut(texts, data)
    whole = replace(found, targets=made.carried(np.asarray(found.targets)), words=words)
    return replace(made, rows=whole)


def _edits(text: str, how: Perturbation, draw: Draw, spans: Sequence[tuple[int, int]], book: str) -> Sequence[Edit]:
    """What a perturbation changes of a text in a language that it is for."""
    language = language_of(text, book)
    if how.languages and language not in how.languages:
        return []
    edits = how.edits(text, language, draw)
    return edits if how.inside or not spans else list(outside(edits, spans))


def _marked(rows: Rows) -> list[list[tuple[int, int]]]:
    """Start and end of the marked places of each row."""
    assert rows.targets is not None
    spans = Spans.of(rows.targets, TRUE)
    found: list[list[tuple[int, int]]] = [[] for _ in range(len(rows))]
    for row, start, end in zip(spans.row.tolist(), spans.start.tolist(), spans.end.tolist(), strict=True):
        found[row].append((start, end))
    return found


__all__ = ["Changed", "change", "check_kind", "of_places"]
