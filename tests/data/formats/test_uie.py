from __future__ import annotations

import json

import pytest

from tunebook.core.errors import DataError
from tunebook.data.read import read


def row(text, prompt, *results):
    return json.dumps({"content": text, "prompt": prompt, "result_list": [{"text": name} for name in results]}) + "\n"


def test_prompts_of_classes_are_read(write):
    rows = (
        row("很好", "情感[正面，负面]", "正面")
        + row("很差", "情感[正面，负面]", "负面")
        + row("嗯", "情感[正面，负面]")
    )
    source = read(write("x.jsonl", rows))
    assert source.table["content"].to_pylist() == ["很好", "很差"]
    assert source.table["label"].to_pylist() == ["正面", "负面"]
    assert source.faults == {"unlabelled": {3: ""}}


def test_other_prompts_are_tagging(write):
    with pytest.raises(DataError, match=r"format\.tagging"):
        read(write("x.jsonl", row("很好的书", "商品", "书") + row("没有", "商品")))
