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
def test_places_of_answers_are_refused(write, content):
    with pytest.raises(DataError, match=r"format\.answering"):
        read(write("x.json", json.dumps(content)))


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


def test_a_file_longer_than_a_look_is_known_too(write):
    long = [{**NESTED[0], "title": "t" * 100} for _ in range(6000)]
    found = read(write("x.json", json.dumps({"version": "v1.0", "data": long})), DataOptions(task="embedding"))
    assert found.table.num_rows == 12000


def test_a_question_with_a_label_is_a_pair(write):
    rows = [{"context": "some words", "question": "What?", "label": "yes"}]
    assert read(write("x.json", json.dumps(rows))).notes["format"] == "json"
