from __future__ import annotations

import json
import zlib

import pytest

from tunebook.core.errors import DataError
from tunebook.data.read import read


def doc(text, cats, **more):
    return {"text": text, "ents": [], "cats": cats, "tokens": [{"id": 0, "start": 0, "end": 1}], **more}


def test_the_category_above_one_half_is_the_label(write):
    rows = [doc("one", {"A": 0.9, "B": 0.1}), doc("two", {"A": 0.0, "B": 1.0}), doc("three", {"A": 0.2, "B": 0.3})]
    source = read(write("x.json", json.dumps(rows)))
    assert source.table.to_pydict() == {"text": ["one", "two"], "cats": ["A", "B"]}
    assert source.faults == {"unlabelled": {3: ""}}


def test_several_categories(write):
    rows = [
        {"text": "one", "cats": {"A": 1, "B": 1}},
        {"text": "two", "cats": {"A": 0, "B": 0}},
        {"text": "x", "cats": {}},
    ]
    source = read(write("x.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    assert source.table["cats"].to_pylist() == [["A", "B"], []]
    assert source.faults == {"unlabelled": {3: ""}}


def test_documents_with_nothing_but_marks_are_tagging(write):
    with pytest.raises(DataError, match=r"format\.tagging"):
        read(write("x.json", json.dumps(doc("one", {}, ents=[{"start": 0, "end": 1, "label": "A"}]))))


def test_binary_files_are_refused_with_the_lines_that_write_others(write):
    with pytest.raises(DataError) as caught:
        read(write("x.spacy", zlib.compress(b"\x8a\xa7version\xa30.1\xa6tokens")))
    assert caught.value.code == "format.binary"
    assert '{"text": doc.text, "cats": doc.cats}' in caught.value.advice
