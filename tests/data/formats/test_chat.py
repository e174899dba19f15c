from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
from tunebook.data.options import DataOptions
from tunebook.data.read import read


def turns(*said):
    return {"messages": [{"role": role, "content": text} for role, text in said]}


@pytest.fixture
def chats(write):
    return lambda *rows: write("x.jsonl", "".join(json.dumps(row) + "\n" for row in rows))


def test_single_messages_with_labels_are_read(chats):
    rows = [turns(("system", "Sort."), ("user", f"words {n}")) | {"label": n} for n in range(2)]
    source = read(chats(*rows))
    assert source.table.to_pydict() == {"label": [0, 1], "system": ["Sort."] * 2, "user": ["words 0", "words 1"]}
    assert source.roles == {"text": "user", "label": "label"}


def test_answers_that_look_like_classes_need_one_word(chats, write):
    rows = [turns(("user", f"words {n}"), ("assistant", "yn"[n % 2])) for n in range(12)]
    path = chats(*rows)
    with pytest.raises(DataError) as caught:
        read(path)
    assert caught.value.code == "format.answers"
    assert "--label assistant" in caught.value.advice
    source = read(path, DataOptions(label="assistant"))
    assert source.table["assistant"].to_pylist()[:2] == ["y", "n"]
    sharegpt = [{"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}]
    source = read(write("y.json", json.dumps(sharegpt)), DataOptions(label="assistant"))
    assert (source.table["user"].to_pylist(), source.table["assistant"].to_pylist()) == (["a"], ["b"])


@pytest.mark.parametrize(
    "row",
    [
        turns(("user", "one"), ("assistant", "a long answer"), ("user", "two"), ("assistant", "more")),
        turns(("user", "one"), ("assistant", "a long answer")),
        turns(("assistant", "hello")),
    ],
)
def test_dialogues_are_refused(chats, row):
    with pytest.raises(DataError, match=r"format\.chat"):
        read(chats(row, row))


def test_dialogues_that_were_judged_are_preferences(chats):
    row = turns(("user", "one"), ("assistant", "a long answer")) | {"label": True}
    with pytest.raises(DataError, match="--task preference") as caught:
        read(chats(row, {**row, "label": False}))
    assert caught.value.code == "format.preference"


def test_messages_to_predict_need_no_label(chats):
    path = chats(turns(("user", "one")), turns(("user", "two")))
    assert read(path, labelled=False).table["user"].to_pylist() == ["one", "two"]


@pytest.mark.parametrize("row", [{"messages": ["a"]}, {"messages": [{"role": 1, "content": "x"}]}, {"messages": []}])
def test_other_lists_are_left_alone(chats, row):
    assert read(chats(row | {"text": "x"})).notes["format"] == "jsonl"
