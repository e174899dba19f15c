"""By what questions are told apart on a page: their question word, how long the answer is, and where it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tunebook.core.answers import Rows
from tunebook.core.extracts import Extract

PARTS = ("asked", "length", "position")
# Kind of question -> the words that ask it, the most telling kinds first.
_ASKED = {
    "how_many": r"\bhow (many|much|long|old|far|often)\b|多少|几|多长|多大|多高|多远|多久",
    "why": r"\bwhy\b|为什么|为何|原因|为啥",
    "how": r"\bhow\b|怎么|怎样|如何|怎麼",
    "when": r"\bwhen\b|\bwhat (year|date|month|day|time)\b|何时|什么时候|哪年|哪一年|哪天|什么时间|时间",
    "where": r"\bwhere\b|哪里|哪儿|何处|什么地方|位于|地点",
    "who": r"\bwho(m|se)?\b|谁|何人|哪位|什么人",
    "which": r"\bwhich\b|哪",
    "thing": r"\bwhat\b|什么|何|甚么",
}
_PATTERNS = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _ASKED.items()}
_LENGTHS = (("1_short", 5), ("2_medium", 15), ("3_long", 40))  # code points at most


def parts_of(rows: Rows) -> Mapping[str, Sequence[str | None]]:
    """Of each way to tell rows apart the part that each row is in; None for rows without an answer, where that has no
    part."""
    assert rows.targets is not None
    extracts = [Extract.of(target) for target in rows.targets]
    return {
        "asked": [asked(text) for text in rows.texts],
        "length": [_length(one) for one in extracts],
        "position": [_position(one) for one in extracts],
    }


def asked(question: str) -> str:
    """What kind of question it is, by its words."""
    return next((name for name, pattern in _PATTERNS.items() if pattern.search(question)), "other")


def _length(extract: Extract) -> str:
    if not extract.places:
        return "5_none"
    size = extract.places[0][1] - extract.places[0][0]
    return next((name for name, most in _LENGTHS if size <= most), "4_longest")


def _position(extract: Extract) -> str | None:
    """Which third of the context the answer begins in."""
    if not extract.places:
        return None
    return ("1_first", "2_second", "3_third")[min(3 * extract.places[0][0] // max(len(extract.context), 1), 2)]


__all__ = ["PARTS", "asked", "parts_of"]
