from __future__ import annotations

import json

import pytest

from tunebook.data.annotated_spans import MarkedSpan
from tunebook.data.formats.spans import are_spans, read_spans
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
def test_places_in_texts_are_read(write, row):
    empty = {name: [] if isinstance(value, list) else value for name, value in row.items()}
    source = read(write("x.jsonl", f"{json.dumps(empty)}\n{json.dumps(row)}\n"))
    assert source.table[source.roles["label"]].to_pylist() == [[], [{"start": 0, "end": 4, "label": "A"}]]
    assert source.table[source.roles["text"]].to_pylist() == ["some words"] * 2


@pytest.mark.parametrize("cell", ["[(0, 4, 'A')]", "[[0, 4, 'A']]", '[{""start"": 0, ""end"": 4, ""label"": ""A""}]'])
def test_cells_of_a_table_as_json_and_python_write_them(write, cell):
    source = read(write("x.csv", f'text,entities\nsome words,"{cell}"\nother words,[]\n'))
    assert source.table["entities"].to_pylist() == [[{"start": 0, "end": 4, "label": "A"}], []]


def test_a_row_without_a_list_was_not_labelled(write):
    rows = [{"text": "some words", "spans": [[0, 4, "A"]]}, {"text": "more", "spans": None}]
    assert read(write("x.jsonl", "\n".join(map(json.dumps, rows)))).faults == {"unlabelled": {2: ""}}


def test_a_few_rows_that_hold_something_else_are_left_out(write):
    good = [{"text": "some words", "label": [[0, 4, "A"]]}] * 20
    odd = [{"text": "some words", "label": found} for found in ([[0, "x"]], ["A"], {"a": 1})]
    source = read(write("x.jsonl", "\n".join(map(json.dumps, [*good[:10], odd[0], *good[:10], *good[:10], *odd[1:]]))))
    assert {reason: list(rows) for reason, rows in source.faults.items()} == {"marks_unread": [11, 32, 33]}


def test_names_and_ends_as_tools_write_them():
    assert read_spans([[0, 4, ["A", "B"]]]) == (MarkedSpan(0, 4, "A"), MarkedSpan(0, 4, "B"))
    one = {"begin": "3", "end": 5, "type": "X", "word": "ab"}
    assert read_spans([[0.0, 4.0, "A"]]) == (MarkedSpan(0, 4, "A"),) and are_spans([[0.0, 4.0, "A"]])
    assert read_spans([{"start": 2.0, "end": float("nan"), "label": "A"}]) == (MarkedSpan(2, -1, "A"),)
    assert read_spans([one, {"start": 1.5, "end": None}]) == (MarkedSpan(3, 5, "X", "ab"), MarkedSpan(-1, -1, ""))


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


@pytest.mark.parametrize("cell", ["[[0, 4, 'A']]", '[{"start": 0, "end": 4, "label": "A"}]'])
def test_cells_of_a_table_that_hold_such_lists(write, cell):
    quoted = '"' + cell.replace('"', '""') + '"'
    rows = f'id,text,label\n1,some words,{quoted}\n2,"a, b",[]\n3,cut\n4,more,\n'
    source = read(write("x.csv", rows))
    assert source.table["text"].to_pylist() == ["some words", "a, b"]
    assert source.table["label"].to_pylist() == [[{"start": 0, "end": 4, "label": "A"}], []]
    assert {reason: list(found) for reason, found in source.faults.items()} == {"ragged": [4], "unlabelled": [5]}


def test_texts_with_their_entities_as_spacy_was_trained_on(write):
    pairs = [["some words", {"entities": [[0, 4, "A"]]}], ["more", {"entities": []}]]
    source = read(write("x.json", json.dumps(pairs)))
    assert source.table.to_pydict() == {
        "text": ["some words", "more"],
        "entities": [[{"start": 0, "end": 4, "label": "A"}], []],
    }
    assert read(write("y.json", json.dumps([["some words", "a"], ["more", "b"]]))).notes["format"] == "json"
