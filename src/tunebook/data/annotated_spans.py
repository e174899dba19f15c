"""Places that people marked in texts, from whatever a tool writes to code points that fit the text, end exclusive."""

from __future__ import annotations

import re
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pyarrow as pa

from tunebook.core.errors import DataError, shortened
from tunebook.data.exports import Export
from tunebook.data.preview import Preview
from tunebook.data.span_columns import SPANS
from tunebook.data.votes import Answer, join_answers

_BLANK = re.compile(r"\s+|\\n")


@dataclass(frozen=True, order=True)
class MarkedSpan:
    """A marked place: characters from `start` to before `end`.

    Attributes:
        text: what stands there, as the tool wrote it; None where it did not.
        parts: the pieces of a place that is not of one piece; empty for others.
    """

    start: int
    end: int
    label: str
    text: str | None = None
    parts: tuple[tuple[int, int], ...] = ()


# How tools count: name -> what makes code points of the two ends in a text.
Unit = Callable[[str, int, int], tuple[int, int]]


def _in_utf16(text: str, start: int, end: int) -> tuple[int, int]:
    data = text.encode("utf-16-le", "surrogatepass")
    return tuple(len(data[: 2 * at].decode("utf-16-le", "ignore")) for at in (start, end))  # type: ignore[return-value]


def _in_bytes(text: str, start: int, end: int) -> tuple[int, int]:
    data = text.encode("utf-8", "surrogatepass")
    return tuple(len(data[:at].decode("utf-8", "ignore")) for at in (start, end))  # type: ignore[return-value]


def _with_returns(text: str, start: int, end: int) -> tuple[int, int]:
    """Line ends counted as two characters, where the text has one."""
    wide = text.replace("\n", "\r\n")
    return start - wide.count("\r", 0, start), end - wide.count("\r", 0, end)


_UNIT = "characters"
UNITS: dict[str, Unit] = {
    _UNIT: lambda text, start, end: (start, end),
    "UTF-16": _in_utf16,
    "bytes": _in_bytes,
    "end inclusive": lambda text, start, end: (start, end + 1),
    "CR LF": _with_returns,
}


def marked_export(
    preview: Preview,
    answers: Iterable[Answer],
    text: str,
    roles: dict[str, Any],
    notes: dict[str, str] | None = None,
    label: str | None = None,
) -> Export:
    """Texts with marked places: one row a text, with the places that most of its annotators marked.

    Args:
        answers: what each annotator marked: `said` are Marks.
        text: column of the texts; roles: the other parts.
        label: name of the column of marks; None for the one that was told, or `label`.

    Raises:
        DataError: `data.span_text`, the marks do not fit what their tool says stands there, whatever is counted;
            `data.span_overlap`, some overlap and nothing was said of it.
    """
    given = list(answers)
    label = label or preview.options.label or "label"
    for answer in given:
        answer.columns.pop(label, None)
    if not preview.labelled:
        return join_answers(given, None, {"text": text, **roles}, notes)
    given = [_readable(answer) for answer in given]
    unit = _unit(preview, given, text)
    changed: dict[str, list[int]] = {}
    settled = [_settled(preview, answer, str(answer.columns.get(text) or ""), UNITS[unit], changed) for answer in given]
    if changed.get("span_overlap") and preview.options.overlaps == "refuse":
        raise _overlap(preview, settled, given, changed["span_overlap"])
    notes = {**(notes or {}), **({"units": unit} if unit != _UNIT else {})}
    export = join_answers(settled, label, {"text": text, **roles}, notes, spans=True)
    return replace(_with_type(export), changed={name: sorted(set(rows)) for name, rows in changed.items()})


def _with_type(export: Export) -> Export:
    """An export whose columns of labels and of annotators are of spans, whatever their first rows hold."""
    table = export.table
    for name in (export.roles["label"], *export.roles.get("annotators", ())):
        if name in table.column_names:
            column = pa.array(table[name].to_pylist(), SPANS)
            table = table.set_column(table.column_names.index(name), name, column)
    return replace(export, table=table)


def _readable(answer: Answer) -> Answer:
    """The answer, or left out where something else than a mark stands in it."""
    odd = [item for item in answer.said if not isinstance(item, MarkedSpan) and not answer.left_out]
    return replace(answer, said=(), left_out="marks_unread", detail=shortened(str(odd[0]), 40)) if odd else answer


def marked_text(answers: Iterable[Answer]) -> str:
    """The column whose texts the marks fit best; of those that fit as well the one with the longest texts."""
    fits: Counter[str] = Counter()
    lengths: Counter[str] = Counter()
    for answer in answers:
        for name, value in answer.columns.items():
            if isinstance(value, str):
                lengths[name] += len(value)
                fits[name] += sum(
                    mark.text is None or value[mark.start : mark.end] == mark.text for mark in answer.said
                )
    return max(lengths, key=lambda name: (fits[name], lengths[name]), default="text")


def _unit(preview: Preview, answers: Sequence[Answer], text: str) -> str:
    """What the tool counted: what agrees with all that it says stands at its marks."""
    told = [
        (answer, str(answer.columns.get(text) or ""), mark)
        for answer in answers
        if not answer.left_out
        for mark in answer.said
        if mark.text is not None and not mark.parts
    ]
    wrong = {
        name: [item for item in told if not _agrees(item[1], item[2], unit)]
        for name, unit in UNITS.items()
    }  # fmt: skip
    best = next((name for name, items in wrong.items() if not items), None)
    if best is not None:
        return best
    items = wrong[_UNIT]
    rows = sorted({answer.row for answer, _, _ in items})
    if len(rows) > preview.options.max_dropped * len({answer.row for answer in answers}):
        answer, whole, mark = items[0]
        raise DataError(
            "data.span_text", key=str(preview.path), row=answer.row, value=shortened(mark.text, 60), start=mark.start,
            end=mark.end, found=shortened(whole[mark.start : mark.end], 60), count=len(items),
        )  # fmt: skip
    return _UNIT


def _agrees(text: str, mark: MarkedSpan, unit: Unit) -> bool:
    """Whether what the tool says stands there does, but for blanks, which tools fold, and line ends written as such."""
    if not 0 <= mark.start <= mark.end:
        return True  # told as what it is
    start, end = unit(text, mark.start, mark.end)
    return text[start:end] == mark.text or _bare(text[start:end]) == _bare(mark.text or "")


def _bare(text: str) -> str:
    return _BLANK.sub("", text)


def _settled(preview: Preview, answer: Answer, text: str, unit: Unit, changed: dict[str, list[int]]) -> Answer:
    """The answer with marks that fit the text, in its order, or left out with the reason."""
    if answer.left_out:
        return answer
    kept: list[MarkedSpan] = []
    for mark in answer.said:
        reason, moved = _moved(preview, mark, text, unit)
        if moved is None:
            return replace(answer, said=(), left_out=reason, detail=f"{mark.start}–{mark.end} {mark.label}")
        if reason:
            changed.setdefault(reason, []).append(answer.row)
        kept.append(moved)
    once = sorted({(mark.start, mark.end, mark.label) for mark in kept})
    if len(once) < len(kept):
        changed.setdefault("span_twice", []).append(answer.row)
    marks = [MarkedSpan(*place) for place in once]
    flat = flattened(marks, longest=preview.options.overlaps == "longest")
    if len(flat) < len(marks):
        changed.setdefault("span_overlap", []).append(answer.row)
    return replace(answer, said=tuple(flat))


def _moved(preview: Preview, mark: MarkedSpan, text: str, unit: Unit) -> tuple[str, MarkedSpan | None]:
    """A mark in code points without blanks at its ends; none, where it cannot stand: then with the reason."""
    if mark.parts:
        return _whole(preview, mark, text)
    start, end = mark.start, mark.end
    if start >= 0 and end >= 0:
        start, end = unit(text, start, end)
    if start < 0 or end > len(text):
        return "span_beyond", None
    if start >= end or not text[start:end].strip():
        return "span_empty", None
    if not mark.label.strip():
        return "span_unnamed", None
    if mark.text is not None and _bare(text[start:end]) != _bare(mark.text):
        return "span_text", None
    inner = text[start:end]
    left, right = len(inner) - len(inner.lstrip()), len(inner) - len(inner.rstrip())
    return "span_trimmed" if left or right else "", MarkedSpan(start + left, end - right, mark.label.strip())


def _whole(preview: Preview, mark: MarkedSpan, text: str) -> tuple[str, MarkedSpan | None]:
    """A mark of several pieces as one: whole where only blanks part them, else as is said of marks that overlap."""
    pieces = sorted(mark.parts)
    gaps = [text[end:start] for (_, end), (start, _) in pairwise(pieces)]
    start, end = pieces[0][0], max(end for _, end in pieces)
    if any(gap.strip() for gap in gaps):
        if preview.options.overlaps == "refuse":
            return "span_parted", None
        end = end if preview.options.overlaps == "longest" else pieces[0][1]
    _, moved = _moved(preview, MarkedSpan(start, end, mark.label), text, UNITS[_UNIT])
    return "span_joined", moved


def flattened(marks: Sequence[MarkedSpan], *, longest: bool) -> list[MarkedSpan]:
    """Marks of which none overlaps another, in the order of the text: the longest first, or those that begin first (of
    two that begin together the longer one)."""
    order = sorted(marks, key=lambda mark: ((mark.start - mark.end) if longest else mark.start, mark.start - mark.end))
    kept: list[MarkedSpan] = []
    for mark in order:
        place = bisect(kept, mark)
        free = place == 0 or kept[place - 1].end <= mark.start
        if free and (place == len(kept) or mark.end <= kept[place].start):
            kept.insert(place, mark)
    return kept


def _overlap(preview: Preview, settled: Sequence[Answer], given: Sequence[Answer], rows: Sequence[int]) -> DataError:
    """The refusal, with the first two marks that overlap."""
    place = next(at for at, answer in enumerate(settled) if answer.row == rows[0] and not answer.left_out)
    marks = sorted({(mark.start, mark.end, mark.label): mark for mark in given[place].said}.values())
    first, second = next((a, b) for at, a in enumerate(marks) for b in marks[at + 1 :] if b.start < a.end)
    value = " / ".join(f"{mark.start}–{mark.end} {mark.label}" for mark in (first, second))
    count = len(set(rows))
    return DataError(
        "data.span_overlap", key=str(preview.path), value=value, row=rows[0], count=count, key_option="overlaps"
    )


__all__ = ["UNITS", "MarkedSpan", "flattened", "marked_export", "marked_text"]
