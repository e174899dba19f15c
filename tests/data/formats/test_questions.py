from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
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


def test_a_question_with_a_label_is_a_pair(write):
    rows = [{"context": "some words", "question": "What?", "label": "yes"}]
    assert read(write("x.json", json.dumps(rows))).notes["format"] == "json"
