"""From logits of tokens to spans, in numpy: the best sequence of tags in which every I follows B or I of its type.

What `tunebook.tasks.tagging.decoding` does with torch for many rows at once is done here for one row at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.pieces import ELSEWHERE, END, FIRST, PART, START, WINDOW
from tunebook.bundle.spans import SAID, Spans
from tunebook.core.encoded import Encoded
from tunebook.core.links import log_softmax

Array = NDArray[Any]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Chain:
    """What a conditional random field has learnt: scores of a first tag (tags,), from one to another (tags, tags), and
    of a last one (tags,)."""

    start: Array
    follow: Array
    end: Array

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Chain:
        """From lists: `start`, `transitions` and `end`."""
        return cls(*(np.array(found[name], dtype=np.float64) for name in ("start", "transitions", "end")))


def spans_in(logits: Array, columns: Mapping[str, Array], chain: Chain | None = None) -> Spans:
    """The spans of one row.

    Args:
        logits: of all tokens of its windows, (T, tags); columns: of these tokens, as `tunebook.bundle.pieces` has them.
    """
    first = columns[PART] == FIRST
    assert not (first & (columns[PART] == ELSEWHERE)).any()
    scores = log_softmax(logits[first])
    tags, chances = _tags(scores, chain)
    pieces = Encoded(
        {name: columns[name][first] for name in (START, END)}, np.array([0, len(tags)], dtype=np.int64), {}
    )
    found = spans_of(pieces, tags, chances)
    found.read[:, 1] = int(columns[WINDOW].max(initial=0)) + 1
    return found


def _tags(scores: Array, chain: Chain | None) -> tuple[Ints, Array]:
    """The tag of each piece and its chance, shapes (M,)."""
    count = scores.shape[1]
    begins, follows = grammar(count)
    if not len(scores):
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    if chain is not None:
        chain = Chain(np.where(begins, chain.start, -np.inf), np.where(follows, chain.follow, -np.inf), chain.end)
        tags = best_path(scores, chain)
        return tags, path_chances(scores, chain)[np.arange(len(tags)), tags]
    tags = scores.argmax(axis=1)
    if not (begins[tags[0]] and follows[tags[:-1], tags[1:]].all()):
        plain = Chain(np.where(begins, 0.0, -np.inf), np.where(follows, 0.0, -np.inf), np.zeros(count))
        tags = best_path(scores, plain)
    return tags, np.exp(scores[np.arange(len(tags)), tags])


def best_path(scores: Array, chain: Chain) -> Ints:
    """The sequence of the highest score, (M,), of scores (M, tags).

    Source: Viterbi 1967 (doi:10.1109/TIT.1967.1054010).
    """
    best, back = chain.start + scores[0], []
    for line in scores[1:]:
        moved = best[:, None] + chain.follow
        back.append(moved.argmax(axis=0))
        best = moved.max(axis=0) + line
    path = [int((best + chain.end).argmax())]
    for source in reversed(back):
        path.append(int(source[path[-1]]))
    return np.array(path[::-1], dtype=np.int64)


def path_chances(scores: Array, chain: Chain) -> Array:
    """Chance of each tag of each piece, all of them given, (M, tags). Source: Rabiner 1989 (doi:10.1109/5.18626)."""
    ahead = [chain.start + scores[0]]
    for line in scores[1:]:
        ahead.append(np.logaddexp.reduce(ahead[-1][:, None] + chain.follow, axis=0) + line)
    behind = [chain.end]
    for line in scores[:0:-1]:
        behind.append(np.logaddexp.reduce(chain.follow + (line + behind[-1])[None, :], axis=1))
    return np.asarray(np.exp(log_softmax(np.stack(ahead) + np.stack(behind[::-1]))))


def grammar(count: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each of so many tags may come first, and whether one may stand behind another, shape (count, count): an I
    follows B or I of its type."""
    tags = np.arange(count)
    begins = (tags == 0) | (tags % 2 == 1)
    return begins, begins | (tags == tags[:, None]) | (tags == tags[:, None] + 1)


def spans_of(pieces: Encoded, tags: Ints, chances: NDArray[np.floating[Any]]) -> Spans:
    """The spans that the tags of pieces stand for, each with the mean chance of its tags.

    An I that follows neither B nor I of its type begins a span, as conlleval reads it.

    Args:
        pieces: rows of which every token is the first of a piece; tags, chances: of each, shape (M,).
    """
    row = np.repeat(np.arange(len(pieces)), pieces.lengths)
    label, marked = (tags - 1) // 2, tags > 0
    goes_on = np.zeros(len(tags), dtype=bool)
    goes_on[1:] = marked[1:] & (tags[1:] % 2 == 0) & marked[:-1] & (label[1:] == label[:-1]) & (row[1:] == row[:-1])
    first = np.flatnonzero(marked & ~goes_on)
    last = np.flatnonzero(marked & ~np.append(goes_on[1:], False))
    summed = np.concatenate([[0.0], np.cumsum(chances, dtype=np.float64)])
    score = (summed[last + 1] - summed[first]) / (last + 1 - first)
    start, end = (pieces.flat[name].astype(np.int64) for name in (START, END))
    read = np.zeros((len(pieces), SAID), dtype=np.int64)
    np.maximum.at(read[:, 0], row, end)
    return Spans(row[first], start[first], end[last], label[first], score, read)


__all__ = ["Chain", "best_path", "grammar", "path_chances", "spans_in", "spans_of"]
