from __future__ import annotations

import json
import zlib

import numpy as np
import pytest
from tests.data.test_docbin import packed

from tunebook.core.errors import DataError
from tunebook.data.formats.spacy import string_hash
from tunebook.data.options import DataOptions
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


def test_documents_with_nothing_but_marks(write):
    marks = [{"start": 0, "end": 1, "label": "A"}]
    both = [doc("one", {"x": 1.0, "y": 0.0}, ents=marks), doc("two", {"x": 0.0, "y": 1.0})]
    assert read(write("x.json", json.dumps(doc("one", {}, ents=marks)))).table["label"].to_pylist() == [marks]
    assert read(write("y.json", json.dumps(both))).table["cats"].to_pylist() == ["x", "y"]
    assert read(write("y.json", json.dumps(both)), DataOptions(label="ents")).table["ents"].to_pylist() == [marks, []]


def test_binary_documents(write):
    content = {"attrs": [65], "tokens": b"", "lengths": b"", "spaces": b"", "strings": ["good", "words"], "cats": []}
    good = content | {
        "tokens": np.array([string_hash("good"), string_hash("words")], "<u8").tobytes(),
        "lengths": np.array([1, 1], "<i4").tobytes(),
        "spaces": bytes([1, 0]),
        "cats": [{"A": 0.9, "B": 0.2}, {"A": 0.0, "B": 1.0}],
    }
    source = read(write("x.spacy", zlib.compress(packed(good))))
    assert source.table.to_pydict() == {"text": ["good ", "words"], "cats": ["A", "B"]}
    assert source.notes["tool"] == "spaCy"
    with pytest.raises(DataError, match=r"format\.damaged"):
        read(write("y.spacy", zlib.compress(packed(content | {"lengths": b"12"}))))
    with pytest.raises(DataError, match=r"format\.unlabelled"):
        read(write("z.spacy", zlib.compress(packed(good | {"cats": [{}, {}]}))))
