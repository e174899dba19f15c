from __future__ import annotations

from pathlib import Path

import pytest

from tunebook.core.errors import DataError
from tunebook.data.jsons import read_json, read_jsonl

HERE = Path("file.json")


def test_json_lines_keep_their_line_numbers():
    table, rows = read_jsonl(b'{"text": "a", "n": 1}\n\n{"text": "b", "tags": ["x"]}\n', HERE)
    assert table.to_pydict() == {"text": ["a", "b"], "n": [1, None], "tags": [None, ["x"]]}
    assert rows.tolist() == [1, 3]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"t": "a"}, {"t": "b"}]', {"t": ["a", "b"]}),
        ('["a", "b"]', {"text": ["a", "b"]}),
        ('{"1": {"t": "a"}, "2": {"t": "b"}}', {"key": ["1", "2"], "t": ["a", "b"]}),
        ('{"t": ["a", "b"], "n": [1, 2]}', {"t": ["a", "b"], "n": [1, 2]}),
        ('{"rows": [{"t": "a"}]}', {"t": ["a"]}),
        ('{"version": 1, "data": [{"t": "a"}], "none": []}', {"t": ["a"]}),
        ('{"t": "a", "n": 1}', {"t": ["a"], "n": [1]}),
        ('{"t": "a"}\n{"t": "b"}\n', {"t": ["a", "b"]}),
    ],
)
def test_shapes_of_json(text, expected):
    table, rows = read_json(text.encode(), HERE)
    assert table.to_pydict() == expected
    assert rows.tolist() == list(range(1, table.num_rows + 1))


@pytest.mark.parametrize(
    ("text", "line"),
    [('{"a": 1}\n{"a": }\n', 2), ('{"a": 1}\n[1]\n', 2)],
)
def test_bad_lines_are_named(text, line):
    with pytest.raises(DataError) as caught:
        read_jsonl(text.encode(), HERE)
    assert caught.value.code == "data.json"
    assert f"line {line}," in caught.value.message


@pytest.mark.parametrize(
    "text", ["[1, 2]", "5", "[[1], [2]]", '[{"a": 1}\n, {"a" 2}]', '{"a": [1], "b": [1, 2]}', "{}", '"\\ud800']
)
def test_other_json_is_refused(text):
    with pytest.raises(DataError) as caught:
        read_json(text.encode(), HERE)
    assert caught.value.code == "data.json"


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(DataError):
        read_json(b"\xff\xfe\xfa", HERE)
