from __future__ import annotations

import pytest

from tunebook.data.json_shapes import Twice, plain_json, rows_of

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
    assert rows_of(content) == rows


def test_no_row_is_lost_where_its_key_stands_twice():
    rows = rows_of(Twice([("a", {"n": 1}), ("a", {"n": 2}), ("b", Twice([("n", 3), ("n", 4)]))]))
    assert rows == [{"key": "a", "n": 1}, {"key": "a", "n": 2}, {"key": "b", "n": 4}]
    assert isinstance(rows[2], Twice)


def test_plain_objects():
    plain = plain_json({"a": [Twice([("x", 1), ("x", 2)])]})
    assert plain == {"a": [{"x": 2}]} and type(plain["a"][0]) is dict
