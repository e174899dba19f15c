"""JSON rows whose labels are places in the text: [start, end, NAME], as spaCy, doccano and others write them."""

from __future__ import annotations

from typing import Any, ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.look import Look

_TEXTS = ("text", "content", "data", "sentence")
_COLUMNS = ("label", "labels", "entities", "spans", "annotations", "ner", "tags")
_ENDS = ({"start", "end"}, {"start_offset", "end_offset"}, {"begin", "end"})
_TRIPLE = 3


class Spans(Format):
    """Texts with marked places, of whatever tool."""

    title: ClassVar[str] = "JSON"
    general: ClassVar[bool] = True

    def fits(self, look: Look) -> bool:
        """A column of spans stands beside a text, and no column of classes."""
        rows = look.objects
        if not rows or not any(name in rows[0] for name in _TEXTS):
            return False
        found = [name for name in _COLUMNS if _spans_only([row.get(name) for row in rows])]
        classes = any(isinstance(row.get(name), str | int) for row in rows for name in ("label", "labels"))
        return bool(found) and not classes and look.options.label in (None, *found)

    def read(self, look: Look) -> Export:
        """Refused."""
        raise self.refusal("tagging", look)


def are_spans(value: Any) -> bool:
    """Whether a value is a list of places in a text."""
    return isinstance(value, list) and bool(value) and all(_is_span(item) for item in value)


def _is_span(item: Any) -> bool:
    if isinstance(item, dict):
        return any(ends <= set(item) for ends in _ENDS)
    if not isinstance(item, list) or len(item) != _TRIPLE:
        return False
    return all(isinstance(place, int) for place in item[:2]) and isinstance(item[2], str | list)


def _spans_only(values: list[Any]) -> bool:
    """Whether all values that say something are spans, and there are some."""
    filled = [value for value in values if value]
    return bool(filled) and all(are_spans(value) for value in filled)


__all__ = ["Spans", "are_spans"]
