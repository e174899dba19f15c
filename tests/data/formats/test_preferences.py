from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
from tunebook.core.messages import say_in
from tunebook.data.options import DataOptions
from tunebook.data.read import read

MESSAGES = [{"role": "user", "content": "ask"}, {"role": "assistant", "content": "good"}]
ROWS = [
    {"prompt": "ask", "chosen": "good", "rejected": "bad"},
    {"query": "ask", "response": "good", "rejected_response": "bad"},
    {"messages": [{"role": "user", "content": "ask"}], "rejected_messages": []},
    {"prompt": "ask", "completion": "good", "label": True},
    {"chosen": [{"role": "user", "content": "ask"}], "rejected": []},
]


@pytest.mark.parametrize("row", ROWS)
def test_answers_that_were_compared_are_preferences(write, row):
    path = write("x.json", json.dumps([row, row]))
    with pytest.raises(DataError, match=r"format\.preference"):
        read(path)


def test_who_names_text_and_label_gets_the_table(write):
    path = write("x.json", json.dumps([ROWS[0]] * 2))
    assert read(path, DataOptions(text="prompt", label="rejected")).table.num_rows == 2


def test_a_column_of_yes_and_no_beside_a_text_is_a_label(write):
    for row in ({"text": "a", "label": True}, {"response": "words of a customer", "rejected": "yes"}):
        assert read(write("x.json", json.dumps([row] * 2))).notes["format"] == "json"


@pytest.mark.parametrize("row", [*ROWS[:2], ROWS[3], {"messages": MESSAGES, "kto_tag": 1}])
def test_they_are_read_where_they_are_asked_for(write, row):
    found = read(write("x.json", json.dumps([row] * 3)), DataOptions(task="preference"))
    assert found.notes["format"] == "preferences" and found.roles == {"text": "prompt", "label": "judged"}
    good = {"chosen": "good", "rejected": "bad" if "rejected" in str(row) else None, "fault": None}
    assert found.table["judged"].to_pylist() == [good] * 3 and found.rows.tolist() == [1, 2, 3]


def test_whoever_does_not_ask_is_told_how():
    for name in ("en", "zh"):
        assert "--task preference" in say_in(name, "format.choose.preferences")
