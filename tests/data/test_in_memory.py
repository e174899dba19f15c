"""Rows given as objects."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tunebook.core.errors import TunebookError
from tunebook.data.columns import text_column
from tunebook.data.in_memory import cells_of, json_cells, labelled_table, listed, table_of, wrong_rows

ROWS = [{"text": "a", "n": 1.0}, {"text": None, "n": None}]


class Sliced:
    """The rows of a data set in the form that was asked for."""

    def __getitem__(self, key: slice) -> pa.Table:
        assert key == slice(None)
        return pa.Table.from_pylist(ROWS)


class Dataset:
    """What counts here of a Dataset of the library `datasets`."""

    features = {"text": "string"}  # noqa: RUF012

    def with_format(self, kind: str) -> Sliced:
        assert kind == "arrow"
        return Sliced()


class Stream:
    """A frame of another library, which Arrow can read."""

    shape = (2, 2)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return pa.Table.from_pylist(ROWS).__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize(
    "data",
    [
        ROWS, tuple(ROWS), pd.DataFrame(ROWS), pd.DataFrame(ROWS, dtype=object), pa.Table.from_pylist(ROWS),
        {"text": ["a", None], "n": np.array([1.0, np.nan])}, {"text": pa.array(["a", None]), "n": [1, None]},
        Dataset(), Stream(),
    ],
)  # fmt: skip
def test_rows_with_columns(data: Any) -> None:
    table = table_of(data)
    assert table is not None and table.column_names == ["text", "n"]
    assert [text_column(table[name]).to_pylist() for name in table.column_names] == [["a", None], ["1", None]]


def test_a_frame_may_hold_anything() -> None:
    cells = ["x", 5, 2.5, float("nan"), dt.date(2025, 1, 2), ["a"], pd.NA]
    table = table_of(pd.DataFrame({0: pd.Series(cells, dtype=object), "c": pd.Categorical(list("aabbcca"))}))
    assert table is not None and table.column_names == ["0", "c"]
    assert text_column(table["0"]).to_pylist() == ["x", "5", "2.5", None, "2025-01-02", '["a"]', None]
    assert text_column(table["c"]).to_pylist() == list("aabbcca")
    index = pd.DataFrame({"a": ["x", "y"]}, index=[7, 9])
    assert table_of(index).column_names == ["a"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "data", [["a", "b"], "text", None, 5, [], {}, {"a": [1], "b": [1, 2]}, {"a": "x"}, [{"a": 1}, "b"]]
)
def test_what_has_no_columns(data: Any) -> None:
    assert table_of(data) is None


def test_text_and_label_side_by_side() -> None:
    table = labelled_table([["a", 1], ("b", 2)])
    assert table is not None and table.to_pydict() == {"text": ["a", "b"], "label": [1, 2]}
    assert labelled_table([["a", 1, 2]]) is None
    assert labelled_table(ROWS).column_names == ["text", "n"]  # type: ignore[union-attr]


def test_what_can_be_gone_through_once() -> None:
    assert listed(word for word in "ab") == ["a", "b"]
    for kept in ("ab", ["a"], 5, None):
        assert listed(kept) is kept


def test_cells() -> None:
    for data in (
        ["a", 1],
        ("a", 1),
        pd.Series(["a", 1], dtype=object),
        np.array(["a", 1], dtype=object),
        iter(["a", 1]),
    ):
        assert cells_of(data, "texts") == ["a", 1]
    assert cells_of(pa.array(["a", None]), "texts") == ["a", None]
    for wrong in ("one text", b"x", None, 5, {"text": 1}, np.zeros((2, 2))):
        with pytest.raises(TunebookError) as caught:
            cells_of(wrong, "texts")
        assert caught.value.code == "call.type" and caught.value.message
    assert '["some text"]' in wrong_rows("one text", "texts").advice


def test_lists_and_objects_as_json() -> None:
    row = {"turns": [{"b": 1, "a": None}], "n": 2, "text": "x"}
    written = {"turns": '[{"b": 1, "a": null}]', "n": 2, "text": "x"}
    assert json_cells([row]) == [written]
    frame = json_cells(pd.DataFrame([row, {"turns": None, "n": 3, "text": "y"}]))
    assert frame == {"turns": [written["turns"], None], "n": [2, 3], "text": ["x", "y"]}
    assert json_cells(["a"]) == ["a"] and json_cells(None) is None
