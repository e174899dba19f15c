from __future__ import annotations

import json

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


def test_prompts_of_places_join_what_they_say_of_a_text(write):
    """A prompt without results says that there are none; one of a relation asks for what belongs to a marked place."""

    def asked(text, prompt, *places):
        results = [{"text": text[start:end], "start": start, "end": end} for start, end in places]
        return json.dumps({"content": text, "prompt": prompt, "result_list": results}) + "\n"

    text = "高勇，中国国籍"
    rows = asked(text, "人名", (0, 2)) + asked(text, "国籍", (3, 5)) + asked(text, "高勇的国籍", (3, 5))
    source = read(write("x.jsonl", rows + asked("没有", "人名")))
    assert source.table["content"].to_pylist() == [text, "没有"]
    assert source.table["label"].to_pylist() == [
        [{"start": 0, "end": 2, "label": "人名"}, {"start": 3, "end": 5, "label": "国籍"}],
        [],
    ]
    assert source.notes["relations_left"] == "1"
