from __future__ import annotations

import json

from tunebook.data.formats.pieces import Pieces
from tunebook.data.read import read


def test_pieces_with_and_without_a_name(write):
    pieces = [{"text": "play "}, {"text": "Jazz ", "entity": "genre"}, {"text": "now"}]
    path = write("x.json", json.dumps({"PlayMusic": [{"data": pieces}, {"data": [{"text": "stop"}]}]}))
    source = read(path)
    assert source.notes["tool"] == Pieces.title
    assert source.table.to_pydict() == {
        "text": ["play Jazz now", "stop"],
        "intent": ["PlayMusic", "PlayMusic"],
        "label": [[{"start": 5, "end": 9, "label": "genre"}], []],
    }
    assert source.changed == {"span_trimmed": [1]}


def test_other_data_are_none(write):
    assert read(write("x.json", json.dumps({"data": [{"a": 1}, {"a": 2}]}))).notes["format"] == "json"
