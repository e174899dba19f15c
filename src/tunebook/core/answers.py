"""Rows of a split as a task reads them, and answers of models to them: matrices (N, k) of floats, one line a row.

k may differ from run to run: of a head with one output a class it is their number, of answers that are lists (marked
places) the length of the longest. Beyond the end of a row there are zeros, which say nothing.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from tunebook.core.files import content_id, lines_id, part_of

if TYPE_CHECKING:
    from tunebook.core.chat import Chat
    from tunebook.core.kind import Link
    from tunebook.core.nouns import Labels


Answers = NDArray[np.float32]
_CUT = (ValueError, LookupError, EOFError, BadZipFile, zlib.error, NotImplementedError)  # of damaged files
_NEVER = 30.0  # so far below all others lies the logit of a class that a model has never heard of


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
        chats: the conversation of each row, up to its answer where the row has one, of tasks that answer such; None
            for rows that are texts alone.
        taught: what a teacher says of judged passages, shape (N, 1 + 2 S) as `tunebook.core.judged` packs them; None
            where there is no teacher.
        raw_pairs, pair_back: the same of the second texts.
        back: of each row the function that says where a part of the cleaned text (start, end) lies in the raw one.
        how: what the task's settings say of how rows are read, of tasks whose `encode` asks for it.
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
    raw_pairs: Sequence[str] | None = None
    pair_back: Sequence[Callable[[int, int], tuple[int, int]]] | None = None
    passages: Sequence[str] | None = None
    passage_ids: Sequence[str] | None = None
    taught: NDArray[Any] | None = None
    chats: Sequence[Chat] | None = None
    how: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def texts_id(self) -> str:
        """Hash of all that a model reads of the rows: texts, second texts, places of words, conversations, passages,
        which of these are judged for a row, answers that are texts, and how they are read."""
        words = (str(places.tolist()) for places in self.words or ())
        judged = (str(numbers) for numbers in self._judged())
        chats = map(repr, self.chats or ())
        targets = self.targets.ravel() if self.targets is not None and self.targets.dtype.kind == "T" else ()
        parts = (self.texts, self.pairs or (), words, chats, self.passages or (), judged, targets, self.how)
        return lines_id(chain(*parts), 64)

    def _judged(self) -> list[list[int]]:
        """Numbers of the passages that are judged for each row; none where rows are of no such kind."""
        if self.passages is None or self.targets is None:
            return []
        from tunebook.core.judged import Judged

        found = Judged.of(self.targets)
        ends = found.counts.cumsum()
        return [found.passage[end - count : end].tolist() for end, count in zip(ends, found.counts, strict=True)]

    def with_judged(self, *, paired: bool = False) -> Rows:
        """Queries and the passages that are judged for them, each once; or, `paired`, a row for each judgement. Rows
        without passages are what they are."""
        if self.passages is None or self.targets is None:
            return self
        judged = self._judged()
        if not paired:
            used = sorted({number for row in judged for number in row})
            texts = [*self.texts, *(self.passages[number] for number in used)]
            return Rows(texts, None, None, [str(number) for number in range(len(texts))])
        queries = [text for text, row in zip(self.texts, judged, strict=True) for _ in row]
        passages = [self.passages[number] for row in judged for number in row]
        return Rows(queries, passages, None, [str(number) for number in range(len(queries))])

    def at(self, places: slice | Sequence[int], *, columns: bool = False) -> Rows:
        """Some of the rows, in the order in which their places are given.

        Args:
            columns: with the remaining columns, such as the one of groups, which most have no use for.
        """

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
            raw_pairs=None if self.raw_pairs is None else taken(self.raw_pairs),
            pair_back=None if self.pair_back is None else taken(self.pair_back),
            passages=self.passages,
            passage_ids=self.passage_ids,
            taught=None if self.taught is None else self.taught[places],
            chats=None if self.chats is None else taken(self.chats),
            how=self.how,
            other={name: taken(column) for name, column in self.other.items()} if columns else {},
        )

    def place(self, row: int, start: int, end: int) -> tuple[int, int, str]:
        """Where a piece of a row's cleaned text (characters, end exclusive, not empty) lies in the raw one, and what it
        says there."""
        if self.raw is None or self.back is None:
            return start, end, self.texts[row][start:end]
        first, last = self.back[row](start, end)
        return first, last, self.raw[row][first:last]

    def pair_place(self, row: int, start: int, end: int) -> tuple[int, int, str]:
        """The same of a piece of a row's second text."""
        if self.raw_pairs is None or self.pair_back is None:
            return start, end, self.pairs[row][start:end] if self.pairs is not None else ""
        first, last = self.pair_back[row](start, end)
        return first, last, self.raw_pairs[row][first:last]


def kept_answers(at: Path, rows: Rows, model: str = "") -> Answers | None:
    """What was answered before to these very texts by this very model, shape (N, k); None where nothing was, or it is
    damaged.

    Args:
        at: the file.
        model: hash of all that the answers depend on beside the rows; empty where that is not known any more.
    """
    if not at.is_file():
        return None
    with suppress(OSError, *_CUT), at.open("rb") as stream:
        stored = np.load(stream)
        older = "rows" not in stored  # answers of older versions are known by texts and targets, whatever the model
        told = stored["key"] if older else stored["rows"]
        same = str(told) == (rows_id(rows) if older else rows.texts_id)
        if same and (older or not model or str(stored["model"]) in ("", model)):
            answers = np.asarray(stored["logits"])
            return answers if fits(answers, len(rows), rows.targets if older else None) else None
    return None


def answered(at: Path, rows: Rows, ask: Callable[[], Answers], model: str = "") -> Answers:
    """The same, asked for where it is not kept, and then kept.

    Args:
        ask: runs the model over the rows.
    """
    known = kept_answers(at, rows, model)
    if known is not None:
        return known
    found = ask()
    if os.access(next(folder for folder in at.parents if folder.exists()), os.W_OK):  # a book may only be read
        with part_of(at) as part, part.open("wb") as stream:
            told = {"rows": np.array(rows.texts_id), "model": np.array(model)}
            np.savez_compressed(stream, allow_pickle=False, logits=found, **told)
    return found


def rows_id(rows: Rows) -> str:
    """Hash of the texts and the targets of labelled rows."""
    targets = np.ascontiguousarray(rows.targets)
    return content_id([rows.texts_id, targets.shape, targets.tolist()], 24)


def fits(answers: NDArray[Any], rows: int, targets: NDArray[Any] | None = None) -> bool:
    """Whether these may be answers to so many rows: floats, shape (N, k), with an output for each class.

    Args:
        targets: of the rows, where they are known; lists, int64 of shape (N, length), ask for no number of outputs.
    """
    least = 1
    if targets is not None and targets.ndim == 2 and targets.dtype.kind == "f":
        least = targets.shape[1]
    elif targets is not None and targets.ndim == 1 and targets.dtype.kind in "iu":
        least = int(targets.max(initial=0)) + 1
    return answers.dtype.kind == "f" and answers.ndim == 2 and len(answers) == rows and answers.shape[1] >= least


def stacked(parts: Sequence[NDArray[Any] | None], lost: tuple[int, int] = (0, 0)) -> NDArray[Any]:
    """Answers (N, k) of several runs to the same rows as one array (K, N, the largest k), narrower ones with zeros at
    their right end; a run without a model, None, is NaN everywhere.

    Args:
        lost: N and k where no run has a model.
    """
    known = [part for part in parts if part is not None]
    rows, width = len(known[0]) if known else lost[0], max((part.shape[1] for part in known), default=lost[1])
    found = np.zeros((len(parts), rows, width), np.result_type(*known) if known else np.float32)
    for place, part in zip(found, parts, strict=True):
        if part is None:
            place[:] = np.nan
        else:
            place[:, : part.shape[1]] = part
    return found


def mean(answers: Sequence[NDArray[Any]], link: Link) -> Answers:
    """Answers (N, outputs) of several models as those of one: the logits of their mean probability, or the mean of
    numbers."""
    logits = np.stack(answers).astype(np.float64)
    if link == "identity":
        return np.asarray(logits.mean(axis=0), dtype=np.float32)
    if link == "sigmoid":
        yes, no = (-np.logaddexp(0, -side) for side in (logits, -logits))
        return (_log_mean(yes) - _log_mean(no)).astype(np.float32)
    top = logits.max(axis=2, keepdims=True)
    normal = top + np.log(np.exp(logits - top).sum(axis=2, keepdims=True))
    return _log_mean(logits - normal).astype(np.float32)


def _log_mean(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.logaddexp.reduce(logs, axis=0) - np.log(len(logs))
    return found


def row_losses(logits: NDArray[Any], targets: NDArray[Any], link: Link) -> NDArray[np.float64]:
    """Loss of each row, shape (N,), of logits (N, outputs) and targets (N,), or (N, outputs) of several labels: the
    cross-entropy, the mean of those of the labels, or the squared error."""
    values = np.asarray(logits, dtype=np.float64)
    if link == "identity":
        return np.asarray(np.square(values[:, 0] - targets))
    if link == "sigmoid":
        return np.asarray((np.logaddexp(0, values) - targets * values).mean(axis=1))
    return np.asarray(np.logaddexp.reduce(values, axis=1) - values[np.arange(len(values)), targets])


def renamed(answers: Answers, old: Labels, new: Labels) -> Answers:
    """Outputs (N, outputs) of a head for some labels in the order of others; classes that it lacks are never said."""
    if new.kind.link == "identity" or old.names == new.names:
        return answers
    never = np.minimum(answers.min(1, keepdims=True), 0) - _NEVER
    columns = [old.names.index(name) if name in old.names else len(old.names) for name in new.names]
    return np.take(np.hstack([answers, never]).astype(np.float32), columns, axis=1)


__all__ = ["Answers", "Rows", "answered", "fits", "kept_answers", "mean", "renamed", "row_losses", "rows_id", "stacked"]
