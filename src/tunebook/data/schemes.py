"""Schemes of tags: found by looking at all tags, and tags of words read as entities.

A tag is O, or a letter with a type: B begins an entity, I (M) goes on, E (L) ends it, S (U, W) is one of a single word.
Sequences that break their scheme are read as the script of CoNLL reads them (conlleval by Erik Tjong Kim Sang, 2000):
what goes on after nothing, or after another type, begins an entity.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import DataError
from tunebook.data.options import DataOptions

Codes = NDArray[np.int64]

# Key -> its letters, and beside them what they mean. Where the letters of two are there, the first is taken.
SCHEMES = {"io": "I", "bio": "BI", "iob1": "BI", "bioes": "BIES", "bilou": "BILU", "bmes": "BMESW"}
_MEANING = {"B": 1, "I": 2, "M": 2, "E": 3, "L": 3, "S": 4, "U": 4, "W": 4}
_OUTSIDE, _BEGIN, _INSIDE, _END, _SINGLE = range(5)
_OUT = ("O", "")
_BEFORE, _BEHIND = re.compile(r"([BIMELSUW])[-_](.+)"), re.compile(r"(.+)[-_]([BIMELSUW])")
# Looks like the tag of a scheme, whatever its letter.
_LETTER = re.compile(r"[A-Za-z][-_].+")
# Two tags in one, as some programs write nested entities: B-PER|I-ORG.
TWICE = re.compile(r"[BIMELSUW][-_][^|,;+/\s]+\s*[|,;+/\s]\s*(?:O\b|[BIMELSUW][-_]).*|O\s*[|,;+/]\s*[BIMELSUW][-_].+")
# The type of an entity whose tag names none: B, I, O alone.
NAMELESS = "entity"


@dataclass(frozen=True)
class Scheme:
    """How tags are written.

    Attributes:
        key: of `SCHEMES`.
        cut: tag as written -> its letter and its type; without O.
    """

    key: str
    cut: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class Entities:
    """Entities of words, one after the other.

    Attributes:
        first, last: numbers of their first and last words, shape (entities,); kinds: number of the type of each.
        broken: whether the tag of a word does not fit its scheme, shape (words,).
    """

    first: Codes
    last: Codes
    kinds: Codes
    broken: NDArray[np.bool_]


def find_scheme(tags: Mapping[str, int], options: DataOptions) -> Scheme:
    """How tags are written, by all of them; `iob1` is told apart from `bio` by their order (`read_tags`).

    Args:
        tags: tag as written -> words that bear it.

    Raises:
        DataError: `data.scheme`, the tags are of no scheme, or not of the one that was told.
    """
    named = [tag for tag in tags if tag not in _OUT]
    cut = _cut(named, options)
    letters = {letter for letter, _ in cut.values()}
    fitting = (key for key, of in SCHEMES.items() if letters <= set(of))
    key: str | None = options.scheme or next(fitting, None)
    if key is None or not letters <= set(SCHEMES[key]):
        odd = [tag for tag in named if key and tag in cut and cut[tag][0] not in SCHEMES[key]]
        raise _unknown(tags, odd, options)
    return Scheme(key, cut)


def _cut(named: list[str], options: DataOptions) -> dict[str, tuple[str, str]]:
    """Letter and type of each tag: before a hyphen or an underscore, behind one, a letter alone, or only a type.

    Letters may be small where all are. Tags of one other letter each are refused, unless `io` was told: types of
    entities are not written so.
    """
    for pattern, letter, name in ((_BEFORE, 1, 2), (_BEHIND, 2, 1)):
        found = {tag: match for tag in named if (match := pattern.fullmatch(tag))}
        if len(found) == len(named):
            return {tag: (match[letter], match[name]) for tag, match in found.items()}
        if found and options.scheme != "io" and pattern is _BEFORE:
            raise _unknown(dict.fromkeys(named, 0), [tag for tag in named if tag not in found], options)
    bare = {tag: tag.rstrip("-_") for tag in named}
    if "B" in bare.values() and all(letter in _MEANING for letter in bare.values()):
        return {tag: (letter, NAMELESS) for tag, letter in bare.items()}
    if options.scheme == "io" or not all(_LETTER.fullmatch(tag) for tag in named if tag != "o"):
        return {tag: ("I", tag) for tag in named}
    lower = {tag: match for tag in named if (match := _BEFORE.fullmatch(tag[:1].upper() + tag[1:]))}
    if set(named) - {"o"} == set(lower) and any(match[1] == "B" for match in lower.values()):
        return {tag: (match[1], match[2]) for tag, match in lower.items()}
    if named:
        raise _unknown(dict.fromkeys(named, 0), [], options)
    return {}


def _unknown(tags: Mapping[str, int], odd: list[str], options: DataOptions) -> DataError:
    shown = ", ".join((odd or sorted(tags, key=lambda tag: -tags[tag]))[:8])
    return DataError("data.scheme", key="scheme", value=options.scheme or "–", tags=shown, allowed=" | ".join(SCHEMES))


def read_tags(codes: tuple[Codes, Codes], ends: Codes, key: str) -> tuple[Entities, str]:
    """Entities of all rows, and the scheme: `iob1` where every B stands between two of a type and some I begin.

    Args:
        codes: meaning of the letter of each word (0 for O) and number of its type, shape (words,).
        ends: number of words of the rows up to each, shape (rows,).
    """
    letter, kind = codes
    edge = np.zeros(len(letter) + 1, dtype=np.bool_)
    edge[0], edge[ends] = True, True
    before = np.where(edge[:-1], _OUTSIDE, np.concatenate(([_OUTSIDE], letter[:-1]))) if len(letter) else letter
    other = np.concatenate(([-1], kind[:-1])) != kind if len(kind) else kind.astype(np.bool_)
    inside = letter != _OUTSIDE
    goes_on = inside & ~np.isin(before, (_OUTSIDE, _END, _SINGLE)) & ~other
    begins = inside & (np.isin(letter, (_BEGIN, _SINGLE)) | ~goes_on)
    following = np.append(begins | ~inside, True)[1:] | edge[1:]
    closes = inside & following
    touches = inside & (before != _OUTSIDE) & ~other
    loose = (letter == _INSIDE) & begins
    if key == "bio" and loose.any() and touches[letter == _BEGIN].all():
        key = "iob1"
    if key == "io":
        broken = np.zeros(len(letter), dtype=np.bool_)
    elif key == "iob1":
        broken = (letter == _BEGIN) & ~touches
    else:
        broken = (np.isin(letter, (_INSIDE, _END)) & begins) | (
            np.isin(letter, (_BEGIN, _INSIDE)) & closes if key != "bio" else False
        )
    return Entities(np.flatnonzero(begins), np.flatnonzero(closes), kind[begins], broken), key


def meanings(scheme: Scheme, names: list[str], tags: list[str]) -> tuple[Codes, Codes]:
    """Meaning of the letter and number of the type of each of these tags, -1 and 0 where it is O."""
    places = {name: place for place, name in enumerate(names)}
    read = [scheme.cut.get(tag) for tag in tags]
    letter = np.array([_MEANING[found[0]] if found else _OUTSIDE for found in read], dtype=np.int64)
    return letter, np.array([places[found[1]] if found else -1 for found in read], dtype=np.int64)


__all__ = ["NAMELESS", "SCHEMES", "TWICE", "Entities", "Scheme", "find_scheme", "meanings", "read_tags"]
