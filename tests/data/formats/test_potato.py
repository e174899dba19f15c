from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
from tunebook.data.read import read

ROW = {"instance_id": "m1", "user_id": "ann", "labels": {"topic": {"late": "late"}}, "spans": {}, "links": {}}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", json.dumps(ROW)),
        ("a.csv", "instance_id,user_id,topic.late,topic.broken\nm1,ann,late,\n"),
        ("a.tsv", "instance_id\tuser_id\ttopic.late\nm1\tann\tlate\n"),
        ("state.json", json.dumps({"user_id": "ann", "instance_id_ordering": ["m1"], "max_assignments": 4})),
    ],
)
def test_answers_without_texts_are_refused_with_what_to_join(write, name, text):
    with pytest.raises(DataError) as caught:
        read(write(name, text))
    assert caught.value.code == "format.no_text"
    assert "instance_id" in caught.value.advice


def test_joined_answers_are_a_table(write):
    assert read(write("a.csv", "instance_id,user_id,text,label\nm1,ann,words,late\n")).notes["format"] == "csv"
