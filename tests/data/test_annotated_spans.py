"""Marked places from what tools write to code points that fit the text."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tunebook.core.errors import DataError
from tunebook.data.annotated_spans import UNITS, MarkedSpan, flattened, marked_text
from tunebook.data.options import DataOptions
from tunebook.data.read import ReadFile, read
from tunebook.data.votes import Answer

TEXT = "Ada 😀 über\nRom a😀b 中文"
PLACES = [(0, 3), (6, 10), (11, 14), (15, 18), (19, 21)]
Read = Callable[..., ReadFile]


@pytest.fixture
def rows(write: Callable[..., Path]) -> Read:
    def put(*found: dict[str, Any], **options: Any) -> ReadFile:
        return read(write("x.jsonl", "\n".join(map(json.dumps, found))), DataOptions(**options))

    return put


def row(text: str, *marks: tuple[int, int, str] | dict[str, Any]) -> dict[str, Any]:
    return {"text": text, "spans": list(marks)}


def said(source: ReadFile) -> list[list[tuple[int, int, str]]]:
    return [
        [(mark["start"], mark["end"], mark["label"]) for mark in marks]
        for marks in source.table[source.roles["label"]].to_pylist()
    ]


def counted(unit: str, start: int, end: int) -> tuple[int, int]:
    """The ends as a tool counts them that does so in this unit."""
    before, inside = TEXT[:start], TEXT[:end]
    if unit == "UTF-16":
        return len(before.encode("utf-16-le")) // 2, len(inside.encode("utf-16-le")) // 2
    if unit == "bytes":
        return len(before.encode()), len(inside.encode())
    if unit == "CR LF":
        return start + before.count("\n"), end + inside.count("\n")
    return (start, end - 1) if unit == "end inclusive" else (start, end)


@pytest.mark.parametrize("unit", UNITS)
def test_what_a_tool_counts_is_found_where_it_says_what_stands_there(rows: Read, unit: str) -> None:
    marks = []
    for start, end in PLACES:
        first, last = counted(unit, start, end)
        marks.append({"start": first, "end": last, "label": "A", "text": TEXT[start:end]})
    source = rows(row(TEXT, *marks))
    assert said(source) == [[(start, end, "A") for start, end in PLACES]]
    assert source.notes.get("units") == (None if unit == "characters" else unit)


def test_marks_that_fit_nothing_are_refused_with_what_was_expected(rows: Read) -> None:
    with pytest.raises(DataError) as caught:
        rows(row("one lamp", {"start": 1, "end": 3, "label": "A", "text": "lamp"}), row("two"))
    error = caught.value
    assert (error.code, error.fields["row"], error.fields["found"], error.value) == ("data.span_text", 1, "ne", "lamp")
    few = [row("one lamp", {"start": 4, "end": 8, "label": "A", "text": "lamp"})] * 30
    source = rows(*few, row("one lamp", {"start": 1, "end": 5, "label": "A", "text": "lamp"}))
    assert list(source.faults["span_text"]) == [31]


@pytest.mark.parametrize("text", ["New  York", "New\nYork", "New\\nYork"])
def test_blanks_that_a_tool_folds_are_no_difference(rows: Read, text: str) -> None:
    assert said(rows(row("in New\n York", {"start": 3, "end": 12, "label": "A", "text": text}))) == [[(3, 12, "A")]]


@pytest.mark.parametrize(
    ("mark", "reason"),
    [
        ((3, 9, "A"), "span_beyond"),
        ((-1, 2, "A"), "span_beyond"),
        ((2, 2, "A"), "span_empty"),
        ((2, 1, "A"), "span_empty"),
        ((3, 4, "A"), "span_empty"),
        ((0, 3, " "), "span_unnamed"),
    ],
)
def test_marks_that_cannot_stand_leave_their_row_out(rows: Read, mark: tuple[int, int, str], reason: str) -> None:
    good = [row("one two", (0, 3, "A"))] * 30
    source = rows(*good, row("one two", (4, 7, "B"), mark))
    assert {name: list(found) for name, found in source.faults.items()} == {reason: [31]}
    assert str(mark[0]) in source.faults[reason][31]
    assert len(said(source)) == 30


def test_blanks_at_the_ends_are_trimmed_and_repeats_merged(rows: Read) -> None:
    source = rows(row("one two three", (3, 8, "A"), (8, 13, "B"), (4, 7, "A")), row("one", (0, 3, "A")))
    assert said(source) == [[(4, 7, "A"), (8, 13, "B")], [(0, 3, "A")]]
    assert source.changed == {"span_trimmed": [1], "span_twice": [1]}


def test_places_that_overlap_are_refused_or_made_flat(rows: Read) -> None:
    found = [
        row("one two three", (0, 7, "A"), (4, 13, "B")),
        row("one", (0, 3, "A"), (0, 3, "B")),
        row("a", (0, 1, "A")),
    ]
    with pytest.raises(DataError) as caught:
        rows(*found)
    assert (caught.value.code, caught.value.fields["count"], caught.value.fields["row"]) == ("data.span_overlap", 2, 1)
    assert caught.value.value == "0–7 A / 4–13 B" and "--overlaps longest" in caught.value.advice
    longest, first = (rows(*found, overlaps=choice) for choice in ("longest", "first"))
    assert said(longest) == [[(4, 13, "B")], [(0, 3, "A")], [(0, 1, "A")]]
    assert said(first) == [[(0, 7, "A")], [(0, 3, "A")], [(0, 1, "A")]]
    assert longest.changed == first.changed == {"span_overlap": [1, 2]}


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), max_size=12), st.booleans())
def test_flat_marks_touch_none_and_miss_none(ends: list[tuple[int, int]], longest: bool) -> None:
    marks = [MarkedSpan(start, start + length, "A") for start, length in ends]
    flat = flattened(marks, longest=longest)
    taken = [place for mark in flat for place in range(mark.start, mark.end)]
    assert len(taken) == len(set(taken))
    assert flat == sorted(flat)
    for mark in marks:  # whatever was left out touches one that stays and comes before it
        rivals = [other for other in flat if other.start < mark.end and mark.start < other.end]
        assert rivals
        if mark not in flat:
            order = (lambda one: one.start - one.end) if longest else (lambda one: one.start)
            assert min(map(order, rivals)) <= order(mark)


def test_the_column_that_the_marks_fit_is_the_text() -> None:
    marks = (MarkedSpan(0, 3, "A", "one"),)
    columns = {"title": "a longer text than the other", "body": "one", "number": 3}
    assert marked_text([Answer(1, 1, columns, said=marks)]) == "body"
    assert marked_text([Answer(1, 1, columns)]) == "title"
