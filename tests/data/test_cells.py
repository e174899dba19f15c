"""The text of a cell: what a model is trained on is what it is asked with, whatever the kind of cell and the way in."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunebook.data.cells import as_text
from tunebook.data.columns import text_column, to_column, to_table

_ZONES = st.sampled_from([None, dt.UTC, dt.timezone(dt.timedelta(hours=8)), dt.timezone(dt.timedelta(hours=-3.5))])
_MOMENTS = st.datetimes(dt.datetime(1000, 1, 2), dt.datetime(9999, 12, 30), timezones=_ZONES)
_NUMBERS = st.one_of(st.integers(), st.floats(), st.integers(-5, 5).map(float), st.floats(width=32).map(np.float32))
_DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9)
SINGLE: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.text(), st.booleans(), _NUMBERS, _DECIMALS, st.dates(), st.times(), _MOMENTS, st.binary(),
    st.timedeltas(dt.timedelta(-999), dt.timedelta(999)),
)  # fmt: skip
_KEYS = st.sampled_from(["a", "b", "c"])
CELLS: st.SearchStrategy[Any] = st.recursive(
    SINGLE, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3), max_leaves=6
)
_KINDS = [_NUMBERS, _DECIMALS, st.dates(), st.times(), _MOMENTS, st.booleans(), st.binary(), st.lists(_NUMBERS)]
COLUMNS = st.one_of(st.lists(CELLS, max_size=5), *(st.lists(st.none() | kind, max_size=5) for kind in _KINDS))


def texts(array: pa.Array) -> list[str | None]:
    return text_column(pa.chunked_array([array])).to_pylist()


@settings(deadline=None)
@given(COLUMNS)
def test_the_text_of_a_cell_depends_on_the_cell_alone(values: list[Any]) -> None:
    """Through the columns of training and one by one."""
    assert texts(to_column(values)) == [as_text(value) for value in values]
    assert [texts(to_column([value]))[0] for value in values] == [as_text(value) for value in values]


@settings(deadline=None)
@given(st.lists(st.dictionaries(_KEYS, CELLS), min_size=1, max_size=3))
def test_rows_of_objects_read_the_same(rows: list[dict[str, Any]]) -> None:
    table = to_table(rows)
    for name in table.column_names:
        assert text_column(table[name]).to_pylist() == [as_text(row.get(name)) for row in rows]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"), (2.5, "2.5"), (1e300, "1e+300"), (-0.0, "0"), (np.float32(0.1), "0.1"), (np.int64(7), "7"),
        (math.inf, "inf"), (Decimal("3.00"), "3"), (Decimal("2.50"), "2.5"), (Decimal("100"), "100"),
        (True, "true"), (np.bool_(False), "false"),
        (dt.datetime(2025, 1, 2, 3, 4, 5), "2025-01-02 03:04:05"),
        (dt.datetime(2025, 1, 2, 3, 4, 5, 500000), "2025-01-02 03:04:05.5"),
        (dt.datetime(2025, 1, 2, 11, tzinfo=dt.timezone(dt.timedelta(hours=8))), "2025-01-02 03:00:00Z"),
        (np.datetime64("2025-01-02T03:04:05.120"), "2025-01-02 03:04:05.12"),
        (dt.date(2025, 1, 2), "2025-01-02"), (dt.time(3, 4), "03:04:00"), (dt.timedelta(hours=30), "1 day, 6:00:00"),
        (b"caf\xc3\xa9\xff", "café\ufffd"), (bytearray(b"x"), "x"),
        (["customer", 1.0, None, dt.date(2025, 1, 2)], '["customer", 1, null, "2025-01-02"]'),
        ({"b": [math.nan, 0.5], "a": None}, '{"b": [null, 0.5]}'), ({2, 1}, "[1, 2]"),
        (np.array([1.0, 2.5]), "[1, 2.5]"),
        ("\ud83d\ude00 \ud83d", "😀 \ufffd"), (None, None), (math.nan, None), (Decimal("NaN"), None),
    ],
)  # fmt: skip
def test_texts_of_values(value: Any, text: str | None) -> None:
    assert as_text(value) == text
    if not isinstance(value, np.datetime64):
        assert texts(to_column([value])) == [text]


@pytest.mark.parametrize(
    "values",
    [
        [dt.date(2025, 1, 2), dt.datetime(2025, 1, 2, 3)],
        [dt.datetime(2025, 1, 2, 3), dt.datetime(2025, 1, 2, 3, tzinfo=dt.UTC)],
        [1.5, True],
        [[1.5], [True]],
        [{"a": dt.timedelta(1)}, {"a": 5}],
        [2**53 + 1, 0.5],
    ],
)
def test_nothing_is_changed_by_its_neighbours(values: list[Any]) -> None:
    assert texts(to_column(values)) == [as_text(value) for value in values]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_the_unit_of_a_column_leaves_no_trace(unit: str) -> None:
    moment = dt.datetime(2025, 1, 2, 3, 4, 5)
    for kind in (pa.timestamp(unit), pa.timestamp(unit, "UTC"), pa.timestamp(unit, "+08:00")):
        zone = dt.UTC if kind.tz else None
        array = pa.array([moment.replace(tzinfo=zone), None], pa.timestamp(unit, "UTC" if zone else None)).cast(kind)
        assert texts(array) == [as_text(moment.replace(tzinfo=zone)), None]
    assert texts(pa.array([dt.timedelta(seconds=5)], pa.duration(unit))) == ["0:00:05"]


def test_nanoseconds_are_kept() -> None:
    assert texts(pa.array([1], pa.timestamp("ns"))) == ["1970-01-01 00:00:00.000000001"]


def test_floats_of_few_bits_read_as_they_were_written() -> None:
    for kind in (pa.float16(), pa.float32(), pa.float64()):
        assert texts(pa.array([0.5, None, 3.0], kind)) == ["0.5", None, "3"]
    assert texts(pa.array([0.1], pa.float32())) == ["0.1"]


def test_pandas_brings_no_texts_of_its_own() -> None:
    pandas = pytest.importorskip("pandas")
    for value in (pandas.NA, pandas.NaT):
        assert as_text(value) is None
    assert as_text(pandas.Timestamp("2025-01-02 03:04:05.5")) == "2025-01-02 03:04:05.5"
