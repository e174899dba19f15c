"""JSON rows whose labels are places in the text: [start, end, NAME], as spaCy, doccano and others write them."""

from __future__ import annotations

from typing import Any, ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.look import Look
from tunebook.data.marks import Mark, marked_export
from tunebook.data.votes import Answer

_TEXTS = ("text", "content", "data", "sentence")
_COLUMNS = ("label", "labels", "entities", "spans", "annotations", "ner", "tags")
_ENDS = (("start", "end"), ("start_offset", "end_offset"), ("begin", "end"))
_NAMES = ("label", "labels", "type", "entity", "entity_type", "entity_group", "tag", "category", "name")
_WORDS = ("text", "word", "value", "surface", "mention")
_TRIPLE = 3


class Spans(Format):
    """Texts with marked places, of whatever tool."""

    title: ClassVar[str] = "JSON"
    general: ClassVar[bool] = True

    def fits(self, look: Look) -> bool:
        """A column of spans stands beside a text, and no column of classes."""
        rows = look.objects
        if not rows or not any(isinstance(rows[0].get(name), str) for name in _TEXTS):
            return False
        classes = any(isinstance(row.get(name), str | int) for row in rows for name in ("label", "labels"))
        return not classes and _column(look) is not None

    def read(self, look: Look) -> Export:
        """A row a text; an empty list says that nothing is to be marked, and no list that the row was not labelled."""
        column = str(_column(look))
        text = look.options.text or next(name for name in _TEXTS if isinstance(look.objects[0].get(name), str))
        answers = []
        for number, row in look.rows():
            left = "unlabelled" if row.get(column) is None else ""
            marks = () if left else marks_of(row[column])
            answers.append(Answer(number, number, dict(row), "", marks, left))
            answers[-1].columns.pop(column, None)
        return marked_export(look, answers, text, {}, label=column)


def _column(look: Look) -> str | None:
    """The column of spans: the one that was told, else of those that usually are the first."""
    told = look.options.label
    names = _COLUMNS if told is None or all(told not in row for row in look.objects) else (told,)
    return next((name for name in names if _spans_only([row.get(name) for row in look.objects])), None)


def marks_of(spans: list[Any]) -> tuple[Mark, ...]:
    """Places that are written as [start, end, label], or as objects with both ends, a label and perhaps the words.

    Several labels of a place are as many marks. Ends that are no whole numbers become -1, which is in no text.
    """
    return tuple(mark for span in spans for mark in _marks(span))


def _marks(span: Any) -> list[Mark]:
    if isinstance(span, dict):
        ends = next((names for names in _ENDS if set(names) <= set(span)), ("start", "end"))
        start, end = (span.get(name) for name in ends)
        labels = next((span[name] for name in _NAMES if name in span), "")
        text = next((span[name] for name in _WORDS if isinstance(span.get(name), str)), None)
    else:
        (start, end, labels), text = span[:_TRIPLE], None
    names = labels if isinstance(labels, list) else [labels]
    return [Mark(_whole(start), _whole(end), "" if name is None else str(name), text) for name in names]


def _whole(place: Any) -> int:
    """A place, which some tools write as text."""
    text = str(place)
    return int(text) if text.isdecimal() and not isinstance(place, bool) else -1


def are_spans(value: Any) -> bool:
    """Whether a value is a list of places in a text."""
    return isinstance(value, list) and bool(value) and all(_is_span(item) for item in value)


def _is_span(item: Any) -> bool:
    if isinstance(item, dict):
        return any(set(ends) <= set(item) for ends in _ENDS)
    if not isinstance(item, list) or len(item) != _TRIPLE:
        return False
    return all(isinstance(place, int) for place in item[:2]) and isinstance(item[2], str | list)


def _spans_only(values: list[Any]) -> bool:
    """Whether all values that say something are spans, and there are some."""
    filled = [value for value in values if value]
    return bool(filled) and all(are_spans(value) for value in filled)


__all__ = ["Spans", "are_spans", "marks_of"]
