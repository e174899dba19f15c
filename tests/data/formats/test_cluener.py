from __future__ import annotations

import json

from tunebook.data.formats.cluener import Cluener
from tunebook.data.read import read


def test_types_with_their_texts_and_places(write):
    rows = [
        {
            "text": "叶老桂在浙商银行，叶老桂说",
            "label": {"name": {"叶老桂": [[0, 2], [9, 11]]}, "company": {"浙商银行": [[4, 7]]}},
        },
        {"text": "没有", "label": {}},
        {"text": "没标"},
    ]
    source = read(write("x.json", "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)))
    assert source.notes["tool"] == Cluener.title
    assert source.table["label"].to_pylist() == [
        [
            {"start": 0, "end": 3, "label": "name"},
            {"start": 4, "end": 8, "label": "company"},
            {"start": 9, "end": 12, "label": "name"},
        ],
        [],
    ]
    assert source.faults == {"unlabelled": {3: ""}}


def test_other_objects_are_none(write):
    rows = [{"text": f"row {number}", "label": {"good": number % 2}} for number in range(20)]
    assert read(write("x.jsonl", "\n".join(map(json.dumps, rows)))).notes["format"] == "jsonl"
