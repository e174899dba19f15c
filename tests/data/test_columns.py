from __future__ import annotations

import datetime

import pyarrow as pa

from tunebook.data.cells import as_text
from tunebook.data.columns import is_text, storable, text_column, to_column, to_table


def test_types_are_kept_and_mixtures_become_text():
    assert to_column([1, 2, None]).type == pa.int64()
    assert to_column(["a", None]).type == pa.large_string()
    assert to_column([5, "five", None, [1]]).to_pylist() == ["5", "five", None, "[1]"]
    assert to_column([2**70, 1]).to_pylist() == [str(2**70), "1"]
    assert to_column([["a"], []]).to_pylist() == [["a"], []]


def test_rows_may_lack_names():
    table = to_table([{"a": 1}, {"b": "x", "a": 2}, {"b": "y"}])
    assert table.to_pydict() == {"a": [1, 2, None], "b": [None, "x", "y"]}
    assert to_table([]).num_rows == 0


def test_text_of_values():
    assert as_text("x") == "x"
    assert as_text({"a": "中"}) == '{"a": "中"}'
    assert as_text(True) == "true"
    assert as_text(datetime.date(2025, 1, 2)) == "2025-01-02"
    assert as_text(2.5) == "2.5"


def test_columns_as_text():
    def texts(array: pa.Array) -> list[str | None]:
        column = text_column(pa.chunked_array([array]))
        assert column.type == pa.large_string()
        return column.to_pylist()

    assert texts(pa.array(["a", None])) == ["a", None]
    assert texts(pa.array(["a"], pa.large_string())) == ["a"]
    assert texts(pa.array(["a", "b", "a"]).dictionary_encode()) == ["a", "b", "a"]
    assert texts(pa.array([[1, 2], None])) == ["[1, 2]", None]
    assert texts(pa.array([b"caf\xc3\xa9", b"\xff"])) == ["café", "\ufffd"]
    assert texts(pa.array([1, None])) == ["1", None]
    assert texts(pa.array([None, None])) == [None, None]
    assert is_text(pa.string()) and is_text(pa.large_string()) and is_text(pa.string_view()) and not is_text(pa.int8())


def test_objects_without_a_field_are_stored_as_text():
    for value, text in ([{}, "{}"], [[{}], "[{}]"], [{"a": {}}, '{"a": {}}']):
        column = storable(pa.chunked_array([pa.array([value, None])]))
        assert column.to_pylist() == [text, None]
    kept = pa.chunked_array([pa.array([{"a": []}, None])])
    assert storable(kept) is kept
