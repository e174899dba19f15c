"""What a text says that its source does not: numbers, dates, names and quotations that the source has not.

A summary that names a figure nobody gave is worse than one that leaves it out, and no overlap with the true summary
tells. What is looked for is found by its form alone, so that no model has to judge: numbers (dates among them), words
of Latin letters in a text of a script without blanks, else words with a capital that begin no sentence, and what stands
between quotation marks.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunebook.tasks.writing.tokens import WIDE

_NUMBER = re.compile(r"\d+(?:[.,:/\-]\d+)*")
_QUOTED = re.compile(r"“([^“”]+)”|\"([^\"]+)\"|「([^「」]+)」|《([^《》]+)》|『([^『』]+)』")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*")
_NAME = re.compile(r"[A-ZÀ-ÖØ-Þ][\w'’-]*(?: [A-ZÀ-ÖØ-Þ][\w'’-]*)*")
_BEGINS = re.compile(r"(?:^|[.!?:\n]\s*[\"“'(]*)$")
_WIDE = re.compile(rf"[{WIDE}]")


def said_things(text: str) -> list[str]:
    """Numbers, names and quotations of a text, each as often as it stands there, in the form in which they are
    compared."""
    text = unicodedata.normalize("NFKC", text)
    quoted = [next(filter(None, match.groups())) for match in _QUOTED.finditer(text)]
    rest = _QUOTED.sub(" ", text)
    if _WIDE.search(text):
        names = _LATIN.findall(rest)
    else:
        found = [match for match in _NAME.finditer(rest) if not _BEGINS.search(rest[: match.start()])]
        names = [match.group() for match in found]
    numbers = _NUMBER.findall(_LATIN.sub(" ", rest))
    return [thing.casefold().strip() for thing in (*numbers, *names, *quoted) if thing.strip()]


def has(source: str, thing: str) -> bool:
    """Whether a source says such a thing: a number that is no part of another one, a name that is no part of a word."""
    source = unicodedata.normalize("NFKC", source).casefold()
    before = r"(?<![\d.,])" if thing[:1].isdigit() else r"(?<![a-z0-9])" if thing[:1].isascii() else ""
    after = r"(?![\d]|[.,]\d)" if thing[-1:].isdigit() else r"(?![a-z0-9])" if thing[-1:].isascii() else ""
    return re.search(before + re.escape(thing) + after, source) is not None


def from_source(said: Sequence[str], sources: Sequence[str]) -> NDArray[np.float64]:
    """Of each row how many such things of what was said the source has, and how many there are; shape (N, 2)."""
    found = np.zeros((len(said), 2))
    for row, (text, source) in enumerate(zip(said, sources, strict=True)):
        things = said_things(text)
        found[row] = sum(has(source, thing) for thing in things), len(things)
    return found


__all__ = ["from_source", "has", "said_things"]
