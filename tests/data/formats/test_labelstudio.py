from __future__ import annotations

import json
from typing import Any

import pytest

from tunebook.core.errors import DataError
from tunebook.data.options import DataOptions
from tunebook.data.read import read


def annotation(who, *results, cancelled=False):
    return {"completed_by": who, "was_cancelled": cancelled, "result": list(results), "prediction": {}}


def result(question, kind, value, name="choices"):
    return {"from_name": question, "to_name": "t", "type": kind, "value": {name: value}}


def task(number, *annotations, **data):
    return {"id": number, "annotations": list(annotations), "drafts": [], "data": data or {"text": f"text {number}"}}


def chosen(*names, question="topic"):
    return result(question, "choices", list(names))


@pytest.fixture
def tasks(write):
    def put(*tasks):
        return write("project.json", json.dumps(tasks))

    return put


def test_a_row_a_task_with_its_class_and_the_votes(tasks):
    path = tasks(
        task(4, annotation(1, chosen("late")), annotation(2, chosen("late"))),
        task(5, annotation(1, chosen("broken"))),
        task(6, annotation(1, chosen("late"), cancelled=True)),
        task(7, annotation(1)),
    )
    source = read(path)
    assert source.table.to_pydict() == {
        "id": [4, 5],
        "text": ["text 4", "text 5"],
        "topic": ["late", "broken"],
        "annotator 1": ["late", "broken"],
        "annotator 2": ["late", None],
    }
    assert source.roles == {"row_id": "id", "label": "topic", "annotators": ["annotator 1", "annotator 2"]}
    assert source.faults == {"skipped": {3: ""}, "unlabelled": {4: ""}}
    assert (source.read, source.notes["format"]) == (4, "labelstudio")


def test_several_choices_and_paths_are_lists(tasks):
    source = read(tasks(task(1, annotation(1, chosen("late", "rude"))), task(2, annotation(1, chosen("rude")))))
    assert source.table["topic"].to_pylist() == [["late", "rude"], ["rude"]]
    tax = result("tax", "taxonomy", [["Money", "Refund"], ["Goods"]], "taxonomy")
    assert read(tasks(task(1, annotation(1, tax)))).table["tax"].to_pylist() == [["Money / Refund", "Goods"]]


def test_choices_are_taken_before_numbers_and_numbers_where_they_stand_alone(tasks):
    stars = result("stars", "rating", 4, "rating")
    assert read(tasks(task(1, annotation(1, chosen("late"), stars)))).roles["label"] == "topic"
    assert read(tasks(task(1, annotation(1, stars)))).table["stars"].to_pylist() == [4]


def test_two_questions_need_one_word(tasks):
    path = tasks(task(1, annotation(1, chosen("late"), chosen("cross", question="tone"))))
    with pytest.raises(DataError) as caught:
        read(path)
    assert (caught.value.code, caught.value.allowed) == ("format.questions", "topic, tone")
    assert read(path, DataOptions(label="tone")).table["tone"].to_pylist() == ["cross"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("hypertextlabels", "format.tagging"),
        ("pairwise", "format.preference"),
        ("ranker", "format.ranking"),
        ("textarea", "format.writing"),
    ],
)
def test_other_work_is_refused_by_its_name(tasks, kind, code):
    with pytest.raises(DataError) as caught:
        read(tasks(task(1, annotation(1, result("q", kind, "x", "y"), {"type": "relation", "from_id": "a"}))))
    assert caught.value.code == code
    assert "Label Studio" in caught.value.message
    assert (
        "choices" in caught.value.advice
        and '{"prompt", "chosen", "rejected"} with --task preference' in caught.value.advice
    )


def test_dialogues_are_refused(tasks):
    with pytest.raises(DataError, match=r"format\.chat"):
        read(tasks(task(1, annotation(1, chosen("ok")), turns=[{"who": "a", "text": "hello"}])))


def test_an_annotator_written_as_an_object_is_known_by_number(tasks):
    people = [{"id": number, "email": "someone@example.org"} for number in (3, 8)]
    source = read(tasks(task(1, *[annotation(who, chosen("late")) for who in people])))
    assert source.roles["annotators"] == ["annotator 3", "annotator 8"]
    assert "example.org" not in str(source.table.to_pydict())


def marked(start: int, end: int, *labels: str, text: str | None = None) -> dict[str, Any]:
    value = {"start": start, "end": end, "labels": list(labels), **({} if text is None else {"text": text})}
    return {"from_name": "ner", "to_name": "text", "type": "labels", "value": value}


def test_marked_places_of_annotators_who_saw_it_skipped_it_or_found_nothing(tasks):
    """Submitted without a mark says that there is nothing; skipped and untouched tasks are left out."""
    relation = {"type": "relation", "from_id": "a", "to_id": "b", "labels": ["knows"]}
    source = read(
        tasks(
            task(1, annotation(1, marked(0, 4, "A", text="text"), relation), annotation(2, marked(0, 4, "A"))),
            task(2, annotation(1)),
            task(3, annotation(1, marked(0, 4, "A"), cancelled=True)),
            task(4),
        )
    )
    assert source.roles | {"annotators": []} == {"row_id": "id", "text": "text", "label": "ner", "annotators": []}
    assert source.table["ner"].to_pylist() == [[{"start": 0, "end": 4, "label": "A"}], []]
    assert source.faults == {"skipped": {3: ""}, "unlabelled": {4: ""}}


def test_several_labels_of_a_place_overlap(tasks):
    path = tasks(task(1, annotation(1, marked(0, 4, "A", "B"))))
    with pytest.raises(DataError, match=r"data\.span_overlap"):
        read(path)
    assert read(path, DataOptions(overlaps="first")).table["ner"].to_pylist() == [
        [{"start": 0, "end": 4, "label": "A"}]
    ]
