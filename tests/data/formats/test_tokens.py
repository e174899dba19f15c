from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
from tunebook.data.options import DataOptions
from tunebook.data.read import read


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_a_tag_for_each_word_is_tagging(write):
    rows = [{"tokens": ["a", "b"], "ner_tags": [0, 1]}, {"tokens": ["c"], "ner_tags": [0]}]
    path = write("x.jsonl", lines(*rows))
    with pytest.raises(DataError, match=r"format\.tagging"):
        read(path)
    assert read(path, DataOptions(text="tokens")).table.num_rows == 2


@pytest.mark.parametrize(
    "texts", [["a good room", "and more", "so bad"], ["房间很干净服务好", "早餐一般位置方便", "隔音非常差不来"]]
)
def test_columns_of_whole_texts_are_a_table(write, texts):
    path = write("x.json", json.dumps({"text": texts, "label": ["a", "b", "a"]}))
    assert read(path).table.to_pydict() == {"text": texts, "label": ["a", "b", "a"]}


@pytest.mark.parametrize(
    "rows",
    [
        [{"tokens": ["a", "b"], "labels": ["x"]}, {"tokens": ["c"], "labels": ["y"]}],
        [{"tokens": ["a"], "labels": ["x"]}, {"tokens": ["c"], "labels": ["y"]}],
        [{"tokens": ["a", "b"], "labels": None}],
        [{"text": "a b", "labels": ["x", "y"]}],
    ],
)
def test_lists_of_other_lengths_are_not(write, rows):
    assert read(write("x.jsonl", lines(*rows))).notes["format"] == "jsonl"
