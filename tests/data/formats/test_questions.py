from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
from tunebook.data.options import DataOptions
from tunebook.data.read import read

ANSWER = {"text": ["words"], "answer_start": [5]}


@pytest.mark.parametrize(
    "content",
    [
        [{"context": "some words", "question": "What?", "answers": ANSWER, "id": "a"}],
        {"version": "1", "data": [{"title": "t", "paragraphs": [{"context": "some words", "qas": []}]}]},
    ],
)
def test_places_of_answers_are_refused_where_nobody_asks_for_them(write, content):
    with pytest.raises(DataError, match=r"format\.answering") as refused:
        read(write("x.json", json.dumps(content)))
    assert "--task question_answering" in str(refused.value) and "embedding" in str(refused.value)


@pytest.mark.parametrize("asked", [{"task": "instruction"}, {"task": "seq2seq"}, {"problem": "written"}])
def test_a_task_that_was_named_and_learns_no_places_is_told_so(write, asked):
    rows = [{"context": "some words", "question": "What?", "answers": ANSWER, "id": "a"}]
    with pytest.raises(DataError, match=r"format\.answering_other") as refused:
        read(write("x.json", json.dumps(rows)), DataOptions(**asked))
    assert next(iter(asked.values())) in str(refused.value) and "--task question_answering" in str(refused.value)


NESTED = [
    {
        "title": "t",
        "paragraphs": [
            {
                "context": "some words",
                "qas": [
                    {"id": 1, "question": "What?", "answers": [{"text": "words", "answer_start": 5}]},
                    {"id": 2, "question": "Why?", "answers": [], "is_impossible": True},
                ],
            },
            {"context": "no question", "qas": []},
        ],
    }
]
FLAT = [
    {"context": "some words", "question": "What?", "answers": ANSWER, "id": 1, "title": "t"},
    {"context": "some words", "question": "Why?", "answers": {"text": [], "answer_start": []}, "id": 2, "title": "t"},
]


@pytest.mark.parametrize("task", [{"task": "embedding"}, {"problem": "relevance"}])
@pytest.mark.parametrize(
    ("content", "corpus"), [({"data": NESTED}, ["some words", "no question"]), (FLAT, ["some words"] * 2)]
)
def test_questions_find_their_text_where_passages_are_wanted(write, task, content, corpus):
    found = read(write("x.json", json.dumps(content)), DataOptions(**task))
    assert found.roles == {"text": "question", "label": "context", "row_id": "id"}
    assert found.table["question"].to_pylist() == ["What?", "Why?"] and found.table["title"].to_pylist() == ["t", "t"]
    judged = [(one["text"], one["gain"]) for row in found.table["context"].to_pylist() for one in row]
    assert judged == [("some words", 1.0), ("some words", 0.0)]
    assert found.corpus["text"].to_pylist() == corpus


# CMRC 2018 as its authors first wrote it: a list of paragraphs whose answers have no places.
CMRC = [
    {
        "title": "t",
        "context_id": "c",
        "context_text": "some words",
        "qas": [
            {"query_id": 1, "query_text": "What?", "answers": ["words", "some words"]},
            {"query_id": 2, "query_text": "Why?", "answers": []},
        ],
    }
]


@pytest.mark.parametrize("told", [{"task": "question_answering"}, {"problem": "answers"}])
@pytest.mark.parametrize(
    ("content", "first"),
    [
        ({"data": NESTED}, [("words", 5)]),
        (NESTED, [("words", 5)]),
        (FLAT, [("words", 5)]),
        (CMRC, [("words", None), ("some words", None)]),
        (NESTED[0]["paragraphs"], [("words", 5)]),
    ],
)
def test_questions_come_with_their_answers_where_these_are_asked_for(write, content, first, told):
    found = read(write("x.json", json.dumps(content)), DataOptions(**told))
    assert found.roles == {"text": "question", "text_pair": "context", "label": "answers", "row_id": "id"}
    assert found.table["question"].to_pylist() == ["What?", "Why?"] and found.table["id"].to_pylist() == ["1", "2"]
    assert found.table["context"].to_pylist() == ["some words"] * 2
    answers = [[(one["text"], one["start"]) for one in row] for row in found.table["answers"].to_pylist()]
    assert answers == [first, []]


@pytest.mark.parametrize("content", [{"data": NESTED}, NESTED, CMRC])
def test_a_nested_file_to_be_answered_has_its_questions_and_contexts(write, content):
    found = read(write("x.json", json.dumps(content)), DataOptions(), labelled=False)
    assert found.table.column_names == ["id", "question", "context", "title"] and found.table.num_rows == 2
    assert found.roles == {"text": "question", "text_pair": "context", "row_id": "id"}


def test_a_plain_file_to_be_answered_keeps_its_columns(write):
    rows = [{**row, "more": 1} for row in FLAT]
    found = read(write("x.json", json.dumps(rows)), DataOptions(), labelled=False)
    assert "more" in found.table.column_names and found.notes["format"] == "json"


def test_answers_of_a_strange_kind_are_damage(write):
    rows = [{"context": "some words", "question": "What?", "answers": [["words"]]}]
    with pytest.raises(DataError, match=r"format\.damaged"):
        read(write("x.json", json.dumps(rows)), DataOptions(task="question_answering"))


def test_a_file_longer_than_a_look_is_known_too(write):
    long = [{**NESTED[0], "title": "t" * 100} for _ in range(6000)]
    text = json.dumps({"version": "v1.0", "data": long})
    for task, rows in (("embedding", 12000), ("question_answering", 12000)):
        assert read(write(f"{task}.json", text), DataOptions(task=task)).table.num_rows == rows


def test_a_question_with_a_label_is_a_pair(write):
    rows = [{"context": "some words", "question": "What?", "label": "yes"}]
    assert read(write("x.json", json.dumps(rows))).notes["format"] == "json"
