"""Rows whose labels are places in the text: [start, end, NAME], as spaCy, doccano and others write them."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.data.annotated_spans import MarkedSpan, marked_export
from tunebook.data.exports import Export, Format
from tunebook.data.preview import Objects, Preview
from tunebook.data.votes import Answer

_TEXTS = ("text", "content", "data", "sentence")
_COLUMNS = ("label", "labels", "entities", "spans", "annotations", "ner", "tags")
_ENDS = (("start", "end"), ("start_offset", "end_offset"), ("begin", "end"))
_NAMES = ("label", "labels", "type", "entity", "entity_type", "entity_group", "tag", "category", "name")
_WORDS = ("text", "word", "value", "surface", "mention")
_TRIPLE, _MOST = 3, 0.9
_OPEN = ("[[", "[{", "[(")  # how a cell of spans begins
_PAIR = re.compile(r'\s*\[\s*\[\s*"')


class Spans(Format):
    """Texts with marked places, of whatever tool: rows of JSON, lists of a text and its entities as spaCy was trained
    on, or cells of a table that hold such lists."""

    title: ClassVar[str] = "JSON"
    general: ClassVar[bool] = True

    def fits(self, preview: Preview) -> bool:
        """A column of spans stands beside a text, and no column of classes."""
        return find_span_columns(_sample(preview), preview) is not None

    def read(self, preview: Preview) -> Export:
        """A row a text; an empty list says that nothing is to be marked, and no list that the row was not labelled."""
        ragged: dict[int, str] = {}
        if preview.objects:
            rows = preview.rows()
        elif _PAIR.match(preview.head):
            rows = list(enumerate(_pairs(preview), start=1))
        else:
            cells, ragged = preview.cells()
            rows = [(line, _opened(row)) for line, row in cells]
        export = marked_rows(preview, rows)
        return replace(export, faults={**export.faults, "ragged": ragged}) if ragged else export


def _sample(preview: Preview) -> Sequence[dict[str, Any]]:
    """The first rows, with lists where cells write them."""
    if preview.objects or preview.parts:
        return preview.objects
    if _PAIR.match(preview.head):
        return _pairs(preview)
    grid = preview.grid if any(mark in line for line in preview.lines for mark in _OPEN) else []
    return [_opened(dict(zip(grid[0], row, strict=True))) for row in grid[1:] if len(row) == len(grid[0])]


def _pairs(preview: Preview) -> list[dict[str, Any]]:
    """Rows of `[["some text", {"entities": [[0, 4, "NAME"]]}], ...]`."""
    try:
        content = json.loads(preview.text)
    except (ValueError, RecursionError, DataError):
        return []  # told by who reads it as any JSON
    pairs = [pair for pair in content if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], dict)]
    return (
        [{"text": text, "entities": more.get("entities")} for text, more in pairs] if len(pairs) == len(content) else []
    )


def _opened(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a table with the lists of its cells, as JSON or Python writes them."""
    return {name: _list(cell) if cell and cell.lstrip()[:1] == "[" else cell for name, cell in row.items()}


def _list(cell: str) -> Any:
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, list):  # of Python, with tuples in it
            return [list(item) if isinstance(item, tuple) else item for item in found]
        return cell
    return cell


def find_span_columns(rows: Sequence[dict[str, Any]], preview: Preview) -> tuple[str, str] | None:
    """The columns of texts and of spans; None where there are none, or classes of the texts beside them."""
    told = preview.options.text, preview.options.label
    names = (told[0],) if any(told[0] in row for row in rows) else _TEXTS
    texts = [name for name in names if sum(isinstance(row.get(str(name)), str) for row in rows) >= _MOST * len(rows)]
    columns = (told[1],) if any(told[1] in row for row in rows) else _COLUMNS
    column = next((name for name in columns if _spans_only([row.get(str(name)) for row in rows])), None)
    classes = any(
        isinstance(row.get(name), str | int) for row in rows for name in ("label", "labels") if name != column
    )
    return None if not texts or column is None or classes else (str(texts[0]), str(column))


def marked_rows(preview: Preview, rows: Objects) -> Export:
    """A row a text, with the places of its column of spans."""
    found = find_span_columns([row for _, row in rows], preview)
    assert found is not None
    text, column = found
    answers = []
    for number, row in rows:
        given: Any = row.get(column)
        columns = {name: value for name, value in row.items() if name != column}
        said = read_spans(given) if are_spans(given) else given if isinstance(given, list) else (given,)
        answers.append(Answer(number, number, columns, "", tuple(said), "unlabelled" if given is None else ""))
    return marked_export(preview, answers, text, {}, label=column)


def read_spans(spans: list[Any]) -> tuple[MarkedSpan, ...]:
    """Places that are written as [start, end, label], or as objects with both ends, a label and perhaps the words.

    Several labels of a place are as many marks. Ends that are no whole numbers become -1, which is in no text.
    """
    return tuple(mark for span in spans for mark in _marks(span))


def _marks(span: Any) -> list[MarkedSpan]:
    if isinstance(span, dict):
        ends = next((names for names in _ENDS if set(names) <= set(span)), ("start", "end"))
        start, end = (span.get(name) for name in ends)
        labels = next((span[name] for name in _NAMES if span.get(name) is not None), "")
        text = next((span[name] for name in _WORDS if isinstance(span.get(name), str)), None)
    else:
        (start, end, labels), text = span[:_TRIPLE], None
    names = labels if isinstance(labels, list) else [labels]
    return [MarkedSpan(_whole(start), _whole(end), "" if name is None else str(name), text) for name in names]


def _whole(place: Any) -> int:
    """A place, which some tools write as text, and tables with gaps as a float."""
    text = str(int(place) if _floated(place) else place)
    return int(text) if text.isdecimal() and not isinstance(place, bool) else -1


def _floated(place: Any) -> bool:
    return isinstance(place, float) and place.is_integer()


def are_spans(value: Any) -> bool:
    """Whether a value is a list of places in a text."""
    return isinstance(value, list) and bool(value) and all(_is_span(item) for item in value)


def _is_span(item: Any) -> bool:
    if isinstance(item, dict):
        return any(set(ends) <= set(item) for ends in _ENDS)
    if not isinstance(item, list) or len(item) != _TRIPLE:
        return False
    return all(isinstance(place, int) or _floated(place) for place in item[:2]) and isinstance(item[2], str | list)


def _spans_only(values: list[Any]) -> bool:
    """Whether nearly all values that say something are spans, and there are some."""
    filled = [value for value in values if value]
    return bool(filled) and sum(map(are_spans, filled)) >= _MOST * len(filled)


__all__ = ["Spans", "are_spans", "find_span_columns", "marked_rows", "read_spans"]
