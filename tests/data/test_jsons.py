from __future__ import annotations

from pathlib import Path

import pytest

from tunebook.core.errors import DataError
from tunebook.data.jsons import Twice, document_rows, plain_json, read_json, read_jsonl

HERE = Path("file.json")


def test_json_lines_keep_their_line_numbers():
    cells = read_jsonl(b'{"text": "a", "n": 1}\n\n{"text": "b", "tags": ["x"]}\n', HERE)
    assert cells.table.to_pydict() == {"text": ["a", "b"], "n": [1, None], "tags": [None, ["x"]]}
    assert cells.rows.tolist() == [1, 3] and cells.notes == {}


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
    cells = read_json(text.encode(), HERE)
    assert cells.table.to_pydict() == expected
    assert cells.rows.tolist() == list(range(1, cells.table.num_rows + 1))


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


def test_keys_that_stand_twice_are_told_by_row():
    lines = b'{"t": "a", "l": 1, "l": 2}\n\n{"t": "b", "l": 3}\n{"t": "c", "l": [{"x": 1, "x": 2}]}\n'
    cells = read_jsonl(lines, HERE)
    assert cells.table["t"].to_pylist() == ["a", "b", "c"] and cells.notes == {"twice": "1, 4"}
    for text in (b'[{"t": "a"}, {"t": "b", "t": "c"}]', b'{"t": "a"}\n{"t": "b", "t": "c"}\n'):
        cells = read_json(text, HERE)
        assert cells.table["t"].to_pylist() == ["a", "c"] and cells.notes == {"twice": "2"}


@pytest.mark.parametrize("depth", [70, 100_000])
def test_json_that_is_nested_too_deeply_is_refused(depth):
    deep = b'{"t": ' + b"[" * depth + b"]" * depth + b"}"
    for reader in (read_json, read_jsonl):
        with pytest.raises(DataError) as caught:
            reader(deep, HERE)
        assert caught.value.code == "data.json" and "64 levels" in caught.value.message


def test_halves_of_characters_are_replaced():
    cells = read_jsonl(b'{"text": "half \\ud800 and \\ud83d\\ude00 whole", "\\ud800": 1}\n', HERE)
    assert cells.table.to_pydict() == {"text": ["half \ufffd and \U0001f600 whole"], "\ufffd": [1]}


TWO = [{"text": "one", "label": "x"}, {"text": "two", "label": "y"}]
KEYED = [{"key": "0", **TWO[0]}, {"key": "1", **TWO[1]}]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (TWO, TWO),
        ({"columns": ["text", "label"], "index": [0, 1], "data": [["one", "x"], ["two", "y"]]}, TWO),
        ({"0": TWO[0], "1": TWO[1]}, KEYED),
        ({"text": {"0": "one", "1": "two"}, "label": {"0": "x", "1": "y"}}, KEYED),
        ({"schema": {"fields": []}, "data": TWO}, TWO),
        ([["text", "label"], ["one", "x"], ["two", "y"]], TWO),
        ([["one", "x"], ["two", "x"]], [{"c1": "one", "c2": "x"}, {"c1": "two", "c2": "x"}]),
        ({"a1": {"n": 1}, "a2": {"n": 2}}, [{"key": "a1", "n": 1}, {"key": "a2", "n": 2}]),
        ({"columns": [["a", "b"], "c"], "data": [[1, 2]]}, [{"a b": 1, "c": 2}]),
        ({"columns": ["a"], "data": [[1, 2]]}, [{"columns": "a", "data": [1, 2]}]),
        ({"text": {"0": "one", "1": "two"}, "label": {"0": "x"}}, [{**KEYED[0]}, {**KEYED[1], "label": None}]),
        ([["one"], ["two"]], None),
        ([["one", "x"], "two"], None),
        ({}, None),
    ],
)
def test_shapes(content, rows):
    assert document_rows(content) == rows


def test_no_row_is_lost_where_its_key_stands_twice():
    rows = document_rows(Twice([("a", {"n": 1}), ("a", {"n": 2}), ("b", Twice([("n", 3), ("n", 4)]))]))
    assert rows == [{"key": "a", "n": 1}, {"key": "a", "n": 2}, {"key": "b", "n": 4}]
    assert isinstance(rows[2], Twice)


def test_plain_objects():
    plain = plain_json({"a": [Twice([("x", 1), ("x", 2)])]})
    assert plain == {"a": [{"x": 2}]} and type(plain["a"][0]) is dict
