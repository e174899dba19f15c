from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
from tunebook.data.formats.spans import are_spans
from tunebook.data.read import read


@pytest.mark.parametrize(
    "row",
    [
        {"text": "some words", "label": [[0, 4, "A"]]},
        {"text": "some words", "entities": [[0, 4, "A"]], "id": 3},
        {"content": "some words", "spans": [{"start": 0, "end": 4, "label": "A"}]},
        {"data": "some words", "labels": [{"start_offset": 0, "end_offset": 4, "label": "A"}]},
    ],
)
def test_places_in_texts_are_tagging(write, row):
    empty = {name: [] if isinstance(value, list) else value for name, value in row.items()}
    with pytest.raises(DataError, match=r"format\.tagging"):
        read(write("x.jsonl", f"{json.dumps(empty)}\n{json.dumps(row)}\n"))


@pytest.mark.parametrize(
    "row",
    [
        {"text": "some words", "label": ["a", "b", "c"]},
        {"text": "some words", "label": [1, 2, 3]},
        {"text": "some words", "label": "a", "entities": [[0, 4, "A"]]},
        {"text": "some words", "label": []},
    ],
)
def test_other_lists_are_not(write, row):
    assert read(write("x.jsonl", json.dumps(row) + "\n")).notes["format"] == "jsonl"


def test_what_spans_are():
    assert are_spans([[0, 4, ["A", "B"]]])
    assert not any(map(are_spans, ([], "abc", None, [[0, 4]], [["a", "b", "c"]], [{"a": 1}], [[0, 4, 5]])))
