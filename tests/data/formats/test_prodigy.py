from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
from tunebook.data.read import read


@pytest.fixture
def decisions(write):
    def put(*rows):
        full = [{"_input_hash": row.get("text", ""), "_task_hash": n, **row} for n, row in enumerate(rows)]
        return write("out.jsonl", "".join(json.dumps(row) + "\n" for row in full))

    return put


def decision(text, answer, **more):
    return {"text": text, "answer": answer, **more}


def test_rejected_labels_and_ignored_texts_are_left_out(decisions):
    source = read(
        decisions(
            decision("one", "accept", label="A"),
            decision("two", "reject", label="B"),
            decision("three", "ignore", label="B"),
            decision("two", "accept", label="A"),
            decision("four", "accept", label="B"),
        )
    )
    assert dict(zip(source.table["text"].to_pylist(), source.table["label"].to_pylist(), strict=True)) == {
        "one": "A",
        "two": "A",
        "four": "B",
    }
    assert source.faults == {"skipped": {3: ""}}
    assert "answer" not in source.table.column_names


def test_several_accepted_labels_of_a_text_are_several_labels(decisions):
    path = decisions(decision("one", "accept", label="A"), decision("one", "accept", label="B"))
    assert read(path).table["label"].to_pylist() == [["A", "B"]]


def test_rejecting_the_only_label_says_its_opposite(decisions):
    source = read(decisions(decision("one", "accept", label="SPAM"), decision("two", "reject", label="SPAM")))
    assert source.table["label"].to_pylist() == ["SPAM", "not SPAM"]


def test_choices(decisions):
    options = [{"id": "A", "text": "a"}, {"id": "B", "text": "b"}]
    single = decisions(
        decision("one", "accept", options=options, accept=["A"]),
        decision("two", "accept", options=options, accept=[]),
        decision("three", "reject", options=options, accept=["B"]),
    )
    source = read(single)
    assert source.table["label"].to_pylist() == ["A"]
    assert source.faults == {"unlabelled": {2: ""}, "rejected": {3: ""}}
    several = decisions(
        decision("one", "accept", options=options, accept=["A", "B"]),
        decision("two", "accept", options=options, accept=[]),
    )
    assert read(several).table["label"].to_pylist() == [["A", "B"], []]


def test_people_vote(decisions):
    path = decisions(
        decision("one", "accept", label="A", _annotator_id="ann"),
        decision("one", "accept", label="A", _annotator_id="bob"),
        decision("two", "accept", label="B", _annotator_id="bob"),
    )
    assert read(path).roles["annotators"] == ["annotator ann", "annotator bob"]


def test_accepted_places_of_a_text_are_put_together(decisions):
    spans = [
        {"start": start, "end": start + 3, "label": name, "token_start": 0} for start, name in ((0, "A"), (4, "B"))
    ]
    source = read(
        decisions(
            decision("one two", "accept", spans=spans[:1]),
            decision("one two", "accept", spans=spans[1:]),
            decision("a", "reject", spans=[{"start": 0, "end": 1, "label": "A"}]),
            decision("none", "accept", spans=[]),
        )
    )
    assert source.table["label"].to_pylist() == [
        [{"start": 0, "end": 3, "label": "A"}, {"start": 4, "end": 7, "label": "B"}],
        [],
    ]
    assert source.faults == {"rejected": {3: ""}}
    with pytest.raises(DataError, match=r"format\.unlabelled"):
        read(decisions(decision("one", "accept", meta={})))
