from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
from tunebook.data.options import DataOptions
from tunebook.data.read import read


@pytest.fixture
def rows(write):
    return lambda *items: write("x.json", json.dumps(items))


def many(**columns):
    return [{name: value.format(n=n) for name, value in columns.items()} | {"n": n} for n in range(10)]


def answered(column, items):
    return [item | {column: ["yes", "no"][place % 2]} for place, item in enumerate(items)]


@pytest.mark.parametrize(
    ("question", "answer", "column", "first"),
    [
        ({"instruction": "Sort this.", "input": "words {n}"}, "output", "input", "words 0"),
        ({"instruction": "Sort {n}.", "input": "words {n}"}, "output", "instruction", "Sort 0.\nwords 0"),
        ({"instruction": "Words {n}.", "input": ""}, "output", "instruction", "Words 0."),
        ({"query": "words {n}"}, "response", "query", "words 0"),
        ({"prompt": "words {n}\n\n###\n\n"}, "completion", "prompt", "words 0"),
        ({"prompt": "words {n}\nand more"}, "completion", "prompt", "words 0\nand more"),
    ],
)
def test_answers_that_look_like_classes_need_one_word(rows, question, answer, column, first):
    path = rows(*answered(answer, many(**question)))
    with pytest.raises(DataError) as caught:
        read(path)
    assert caught.value.code == "format.answers"
    assert f"--label {answer}" in caught.value.advice
    source = read(path, DataOptions(label=answer))
    assert source.roles["text"] == column
    assert source.table[column].to_pylist()[0] == first
    assert source.table[answer].to_pylist()[:2] == ["yes", "no"]


def test_blanks_around_answers_go(rows):
    path = rows({"prompt": "a", "completion": " yes"}, {"prompt": "b", "completion": None})
    assert read(path, DataOptions(label="completion")).table["completion"].to_pylist() == ["yes", None]


def test_long_answers_are_texts_to_be_written(rows):
    with pytest.raises(DataError, match=r"format\.writing"):
        read(rows(*many(instruction="Say {n}.", output="A long answer that is like no other, number {n}.")))


def test_to_predict_only_the_questions_count(rows):
    path = rows(*answered("response", many(query="words {n}")))
    assert read(path, labelled=False).table["query"].to_pylist()[0] == "words 0"


@pytest.mark.parametrize("more", [{"label": "x"}, {"labels": ["x"]}])
def test_a_label_beside_them_makes_a_table(rows, more):
    assert read(rows(*[item | more for item in answered("response", many(query="q {n}"))])).notes["format"] == "json"


def test_another_label_makes_a_table(rows):
    path = rows(*answered("response", many(query="q {n}", topic="t")))
    assert read(path, DataOptions(label="topic")).notes["format"] == "json"
