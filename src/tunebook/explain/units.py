"""Units of a text that an answer is explained by (words, characters, tokens, sentences), and the tokens of each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunebook.nets.masking import chinese_words

By = Literal["word", "character", "token", "sentence"]
BY: tuple[By, ...] = ("word", "character", "token", "sentence")
_WORDS = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")
_SENTENCES = re.compile(r"[^.!?。！？；\n]*(?:[.!?。！？；]+[\"'”’）)]*|\n|$)")
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Piece:
    """A token: the part of the row that it is of, and where it stands there, code points; no part for special tokens
    and all that was put around the text."""

    part: str
    start: int
    end: int


@dataclass(frozen=True)
class Units:
    """The units of a line, in the order of its parts.

    Attributes:
        pieces: a place for each unit, shape (U,).
        shares: which share of each token belongs to each unit, shape (U, L); a token's shares add up to 1, or to 0
            where it belongs to none.
    """

    pieces: Sequence[Piece]
    shares: Floats

    def sums(self, tokens: NDArray[Any]) -> Floats:
        """What units have of values of the tokens (..., L), shape (..., U)."""
        return np.asarray(tokens, dtype=np.float64) @ self.shares.T

    def without(self, removed: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which tokens stay, shape (V, L), where units are removed, (V, U): all but those of which a part is."""
        found: NDArray[np.bool_] = (removed.astype(np.float64) @ (self.shares > 0)) == 0
        return found

    def __len__(self) -> int:
        return len(self.pieces)


def units_of(pieces: Sequence[Piece], texts: Mapping[str, str], by: By) -> Units:
    """The units of a line that has tokens.

    Args:
        pieces: its tokens; texts: the text of each part.
    """
    found = [
        Piece(part, start, end)
        for part, text in texts.items()
        for start, end in (_of_tokens(pieces, part) if by == "token" else _SPLIT[by](text))
    ]
    shares = np.zeros((len(found), len(pieces)))
    for part in texts:
        rows = [number for number, unit in enumerate(found) if unit.part == part]
        columns = [number for number, piece in enumerate(pieces) if piece.part == part]
        starts, ends = (np.array([[getattr(item, side)] for item in found])[rows] for side in ("start", "end"))
        first, last = (np.array([getattr(item, side) for item in pieces])[columns] for side in ("start", "end"))
        overlap = np.minimum(ends, last) - np.maximum(starts, first)
        shares[np.ix_(rows, columns)] = overlap.clip(min=0)
    whole = shares.sum(axis=0)
    shares = np.divide(shares, whole, out=np.zeros_like(shares), where=whole > 0)
    read = shares.any(axis=1)  # what was cut off belongs to no token
    return Units([unit for unit, known in zip(found, read, strict=True) if known], shares[read])


def words(text: str) -> list[tuple[int, int]]:
    """Places of the words and signs of a text; Chinese words as jieba finds them."""
    begins = chinese_words(text)
    found: list[tuple[int, int]] = []
    for item in _WORDS.finditer(text):
        start = item.start()
        for place in range(item.start() + 1, item.end() + 1):
            ends = place == item.end()
            if ends or begins.get(place) != begins.get(place - 1):
                found.append((start, place))
                start = place
    return found


def characters(text: str) -> list[tuple[int, int]]:
    """Places of all that is no blank."""
    return [(place, place + 1) for place, sign in enumerate(text) if not sign.isspace()]


def sentences(text: str) -> list[tuple[int, int]]:
    """Places of the sentences of a text, by the signs that end one, without blanks at their ends."""
    found = []
    for item in _SENTENCES.finditer(text):
        inner = item.group().strip()
        if inner:
            start = item.start() + len(item.group()) - len(item.group().lstrip())
            found.append((start, start + len(inner)))
    return found


_SPLIT: Mapping[str, Any] = {"word": words, "character": characters, "sentence": sentences}


def _of_tokens(pieces: Sequence[Piece], part: str) -> list[tuple[int, int]]:
    """Places of the tokens, of those that share one only the first."""
    places = ((piece.start, piece.end) for piece in pieces if piece.part == part and piece.end > piece.start)
    return list(dict.fromkeys(places))


__all__ = ["BY", "By", "Floats", "Piece", "Units", "characters", "sentences", "units_of", "words"]
