"""Acceptable answers of a question as files write them, and where they stand in its context."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tunebook.core.extracts import Place
from tunebook.data.annotated_spans import UNITS
from tunebook.data.cells import as_text, number_in
from tunebook.data.span_columns import WORDS

# Answers as a file gives them: a text, and where it begins, null where the file does not say; and as prepared rows have
# them, by their places.
STATED = pa.list_(pa.struct([("text", pa.large_string()), ("start", pa.int64())]))
ANSWERS = WORDS
_START = ("answer_start", "start", "answer_offset")
_TEXT = ("text", "answer", "answer_text", "value")
_NO = frozenset({"", "0", "false", "no", "none", "null", "否", "n"})


@dataclass(frozen=True)
class Stated:
    """An answer as a file states it.

    Attributes:
        start: place of its first character by the file; None where that is not said, as with -1.
    """

    text: str
    start: int | None = None


@dataclass(frozen=True)
class Fitted:
    """The answers of a row in its context.

    Attributes:
        places: of acceptable answers, each once, those that were given most often first; None where the row cannot be
            used.
        reason: why the row cannot be used; moved: reasons for which answers were put right or left out.
    """

    places: list[Place] | None
    reason: str = ""
    moved: frozenset[str] = frozenset()


def stated(cell: Any, *, impossible: Any = None) -> list[Stated] | None:
    """The answers of a cell, however it writes them: lists of texts and starts, a list of objects or of texts, a text,
    or any of these as JSON. None where the cell says nothing, an empty list where there is no answer.

    Args:
        impossible: what the row says of whether its question has no answer.

    Raises:
        TypeError: it is something else.
    """
    if (as_text(impossible) or "").strip().lower() not in _NO:
        return []
    if isinstance(cell, str) and cell.lstrip()[:1] in ("{", "["):
        cell = _read(cell)
    if cell is None or (isinstance(cell, float) and cell != cell):
        return None
    if isinstance(cell, Mapping) and isinstance(next((cell[name] for name in _TEXT if name in cell), None), list):
        texts = next(cell[name] for name in _TEXT if name in cell)
        starts = next((cell[name] for name in _START if name in cell), None) or [None] * len(texts)
        return [Stated(as_text(text) or "", _place(start)) for text, start in zip(texts, starts, strict=True)]
    return [_one(item) for item in (cell if isinstance(cell, list) else [cell])]


def _read(cell: str) -> Any:
    try:
        return json.loads(cell)
    except ValueError:
        return cell  # an answer may begin with a bracket


def _one(item: Any) -> Stated:
    if isinstance(item, Mapping):
        text = next((item[name] for name in _TEXT if name in item), None)
        return Stated(as_text(text) or "", _place(next((item[name] for name in _START if name in item), None)))
    if isinstance(item, list):
        raise TypeError(f"{item} is no answer")
    return Stated(as_text(item) or "")


def _place(start: Any) -> int | None:
    found = number_in(as_text(start))
    return int(found) if 0 <= found < 2**31 else None


def fitted(context: str, answers: Sequence[Stated] | None) -> Fitted:
    """Where the answers stand in a context. What stands elsewhere than is said is looked for: counted in bytes, in
    UTF-16 or with other line ends, else nearest to where it should be, whatever the blanks in it."""
    if answers is None:
        return Fitted(None, "no_label")
    if not answers:
        return Fitted([])
    counts: Counter[Place] = Counter()
    moved: set[str] = set()
    reasons = []
    for answer in answers:
        place, reason = _placed(context, answer)
        moved |= {reason} if reason else set()
        if place is None:
            reasons.append(reason)
        else:
            counts[place] += 1
    if not counts:
        return Fitted(None, reasons[0])
    lost = {"answer_lost"} if reasons else set()
    return Fitted([place for place, _ in counts.most_common()], "", frozenset(moved.difference(reasons) | lost))


def _placed(context: str, answer: Stated) -> tuple[Place | None, str]:
    """Start and end of an answer, without blanks at its ends, and how that differs from what was said."""
    text = answer.text.strip()
    if not text:
        return None, "answer_empty"
    if answer.start is None:
        places = list(_found(context, text))
        first = places[0] if places else None
        return first, "answer_first" if len(places) > 1 else "" if places else "answer_missing"
    said = answer.start + len(answer.text) - len(answer.text.lstrip())
    if context[said : said + len(text)] == text:
        return (said, said + len(text)), ""
    for unit in UNITS.values():
        start = unit(context, answer.start, answer.start)[0]
        if text == context[start : start + len(text)]:
            return (start, start + len(text)), "answer_moved"
    places = list(_found(context, text))
    near = sorted(places, key=lambda place: abs(place[0] - said))
    if not near or (len(near) > 1 and abs(near[0][0] - said) == abs(near[1][0] - said)):
        return None, "answer_missing" if not near else "answer_unclear"
    return near[0], "answer_moved"


def _found(context: str, text: str) -> Iterator[Place]:
    """All places of a text, or, where there is none, of what differs from it by blanks alone."""
    for pattern in (re.escape(text), r"\s*".join(re.escape(sign) for sign in "".join(text.split()))):
        places = [match.span() for match in re.finditer(pattern, context)]
        if places:
            yield from places
            return


__all__ = ["ANSWERS", "STATED", "Fitted", "Stated", "fitted", "stated"]
