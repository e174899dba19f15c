"""Texts as perturbations see them: their language, their words, and where places lie after edits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from tunebook.data.cleaning import Edit

HAN = re.compile("[\u3400-\u9fff]")
WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?")
_LETTER = re.compile(r"[^\W\d_]")
_CHINESE = 0.3  # share of the letters that are Han from which on a text is Chinese
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+\.\S+")
Ints = NDArray[np.int64]


def language_of(text: str, book: str) -> str:
    """The language of a text: `zh` where it holds enough Han characters, else what is known of its book's rows.

    Args:
        book: `en`, `zh`, `mixed` or `other`, as the figures of prepared rows say.
    """
    letters = len(_LETTER.findall(text))
    if letters and len(HAN.findall(text)) >= _CHINESE * letters:
        return "zh"
    return "other" if book == "other" else "en"


def words(text: str) -> list[tuple[int, int]]:
    """Places of English words, start and end; none of addresses."""
    left_out = [match.span() for match in _ADDRESS.finditer(text)]
    found = [match.span() for match in WORD.finditer(text)]
    return [place for place in found if not any(start < place[1] and place[0] < end for start, end in left_out)]


def joint(text: str, language: str) -> str:
    """What stands between a text and a sentence that is put behind it: a mark where the text ends in none, and in
    English a space."""
    closed = not text.rstrip() or not text.rstrip()[-1].isalnum()
    mark = "" if closed else "。" if language == "zh" else "."
    return mark if language == "zh" else f"{mark} "


def behind(text: str, language: str, said: Mapping[str, Sequence[str]], chance: Random) -> list[Edit]:
    """One of the sentences of a text's language, put behind it."""
    sentence = chance.choice(said["zh" if language == "zh" else "en"])
    return [(len(text), len(text), joint(text, language) + sentence)]


def exchanged(others: Mapping[int, Sequence[str]], count: float, chance: Random) -> list[Edit]:
    """About so many characters, one at least, each with another one in its place; none where none has another.

    Args:
        others: place of a character -> those that may stand there.
    """
    if not others:
        return []
    chosen = sorted(chance.sample(sorted(others), min(len(others), max(1, round(count)))))
    return [(place, place + 1, chance.choice(others[place])) for place in chosen]


def apply(text: str, edits: Sequence[Edit]) -> str:
    """The text after edits, which come from left to right and do not overlap."""
    parts, at = [], 0
    for start, end, new in edits:
        parts += [text[at:start], new]
        at = end
    return "".join([*parts, text[at:]])


def moved(length: int, edits: Iterable[Edit]) -> tuple[Ints, Ints]:
    """Where the places of a text lie after edits: those of what begins and of what ends there, shape (length + 1,).

    What is put in at the very end of a part does not belong to it.
    """
    starts, ends = np.zeros(length + 2, dtype=np.int64), np.zeros(length + 2, dtype=np.int64)
    for start, end, new in edits:
        grown = len(new) - (end - start)
        starts[end] += grown
        ends[end + (start == end)] += grown
    places = np.arange(length + 1, dtype=np.int64)
    return places + np.cumsum(starts[:-1]), places + np.cumsum(ends[:-1])


def outside(edits: Iterable[Edit], spans: Sequence[tuple[int, int]]) -> Iterator[Edit]:
    """The edits that touch none of these parts of a text, nor join one to what stands beside it."""
    for start, end, new in edits:
        inner = any(start < last and first < end for first, last in spans)
        between = start == end and any(first < start < last for first, last in spans)
        joins = start < end and not new and any(start == last or end == first for first, last in spans)
        if not (inner or between or joins):
            yield start, end, new


__all__ = ["HAN", "WORD", "apply", "behind", "exchanged", "joint", "language_of", "moved", "outside", "words"]
