from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
from tunebook.data.options import DataOptions
from tunebook.data.read import read


def nested(number, **questions):
    responses = {
        name: [{"value": value, "user_id": f"user-{place}"} for place, value in enumerate(values)]
        for name, values in questions.items()
    }
    record = {"id": f"r{number}", "fields": {"text": f"words {number}"}, "metadata": {"n": number}, "vectors": {}}
    return {**record, "suggestions": {}, "responses": responses, "status": "pending", "_server_id": None}


def flat(number, values, statuses=None):
    users = [f"user-{place}" for place in range(len(values))]
    return {
        "id": f"r{number}",
        "status": "completed",
        "_server_id": None,
        "text": f"words {number}",
        "topic.responses": values or None,
        "topic.responses.users": users or None,
        "topic.responses.status": statuses or ["submitted"] * len(values) or None,
        "topic.suggestion": "wrong",
    }


@pytest.fixture
def records(write):
    return lambda *rows: write("records.json", json.dumps(rows))


def test_nested_records_with_votes(records):
    source = read(records(nested(1, topic=["late", "late"]), nested(2, topic=["broken"]), nested(3)))
    assert source.table["text"].to_pylist() == ["words 1", "words 2"]
    assert source.table["topic"].to_pylist() == ["late", "broken"]
    assert source.table["annotator user-1"].to_pylist() == ["late", None]
    assert source.table["n"].to_pylist() == [1, 2]
    assert source.faults == {"unlabelled": {3: ""}}
    assert source.notes["no_status"] == "Argilla"


def test_flat_records_leave_out_discarded_answers(records):
    source = read(records(flat(1, ["late"]), flat(2, ["late", "broken"], ["discarded", "submitted"]), flat(3, [])))
    assert source.table["topic"].to_pylist() == ["late", "broken"]
    assert source.table.column_names == ["id", "text", "topic"]
    only_discarded = read(records(flat(1, ["late"]), flat(2, ["late"], ["discarded"])))
    assert only_discarded.faults == {"skipped": {2: ""}}
    assert "no_status" not in only_discarded.notes


def test_several_labels_and_numbers(records):
    assert read(records(nested(1, tags=[["a", "b"]]), nested(2, tags=[["b"]]))).table["tags"].to_pylist() == [
        ["a", "b"],
        ["b"],
    ]
    assert read(records(nested(1, stars=[4]), nested(2, stars=[2]))).table["stars"].to_pylist() == [4, 2]


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([["a", "b"], ["b", "a"]], "format.ranking"),
        (["a long answer in words of one's own", "another long answer in other words"], "format.writing"),
        ([], "format.unlabelled"),
    ],
)
def test_other_work_is_refused_by_its_name(records, answers, code):
    with pytest.raises(DataError) as caught:
        read(records(nested(1, q=answers)))
    assert caught.value.code == code


def test_two_questions_need_one_word(records):
    path = records(nested(1, topic=["late"], tone=["cross"]), nested(2, topic=["broken"], tone=["calm"]))
    with pytest.raises(DataError) as caught:
        read(path)
    assert caught.value.allowed == "topic, tone"
    assert read(path, DataOptions(label="tone")).roles["label"] == "tone"


def test_marked_places_and_texts_without_any(records):
    marks = [{"start": 0, "end": 4, "label": "A"}]
    source = read(records(nested(1, q=[marks, []]), nested(2, q=[[]]), nested(3)))
    assert source.roles["label"] == "q"
    assert source.table["q"].to_pylist() == [[], []]  # one of two users is no majority
    assert [column.to_pylist()[0] for column in source.table.select(source.roles["annotators"]).columns] == [marks, []]
    assert source.faults == {"unlabelled": {3: ""}}
