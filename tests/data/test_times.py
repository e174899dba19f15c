from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from tunebook.core.errors import DataError
from tunebook.data.times import UNKNOWN, moments


def us(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp() * 1e6)


def test_what_people_write():
    words = [
        "2025-01-31",
        "2025/1/4",
        "2025年1月4日",
        "2025.1.4 08:30",
        "2025-01-31T12:00:01",
        "2025-01-31T12:00:01+08:00",
        "20250131",
        "1735689600",
        "1735689600.5",
        "2025-13-01",
        "yesterday",
        "",
        None,
    ]
    assert moments(pa.chunked_array([words])).tolist() == [
        us(2025, 1, 31),
        us(2025, 1, 4),
        us(2025, 1, 4),
        us(2025, 1, 4, 8, 30),
        us(2025, 1, 31, 12, 0, 1),
        us(2025, 1, 31, 4, 0, 1),
        us(2025, 1, 31),
        us(2025, 1, 1),
        us(2025, 1, 1) + 500_000,
        *[UNKNOWN] * 4,
    ]


def test_columns_of_dates():
    assert moments(pa.chunked_array([pa.array([date(2025, 1, 31), None])])).tolist() == [us(2025, 1, 31), UNKNOWN]
    when = pa.array([datetime(2025, 1, 31, 5)], pa.timestamp("ns"))
    assert moments(pa.chunked_array([when])).tolist() == [us(2025, 1, 31, 5)]


def read(*words: str) -> list[int | None]:
    return [None if value == UNKNOWN else int(value) for value in moments(pa.chunked_array([list(words)]))]


def test_the_day_or_the_month_first_as_the_column_shows():
    assert read("31/12/2024", "03/01/2024") == [us(2024, 12, 31), us(2024, 1, 3)]
    assert read("1/13/24 4:05", "2-3-98 12:00 AM") == [us(2024, 1, 13, 4, 5), us(1998, 2, 3)]
    assert read("1.2.2025", "3.4.2025") == [us(2025, 2, 1), us(2025, 4, 3)], "with points the day is first"
    assert read("5/5/2025") == [us(2025, 5, 5)]
    for words in (["1/2/2025", "3/4/2025"], ["13/1/2025", "1/13/2025"]):
        with pytest.raises(DataError) as caught:
            read(*words)
        assert caught.value.code == "data.time_order"


@pytest.mark.parametrize(
    "word",
    [
        "Jan 05, 2024",
        "January 5th, 2024",
        "5 Jan 2024",
        "05-Jan-24",
        "Fri, 5 January 2024",
        "2024-W01-5",
        "2024年1月5日",
    ],
)
def test_names_of_months_and_weeks(word):
    assert read(word) == [us(2024, 1, 5)]


@pytest.mark.parametrize(
    ("word", "moment"),
    [
        ("2024-01-05 03:04 PM", us(2024, 1, 5, 15, 4)),
        ("2024/1/5 12:30:15 a.m.", us(2024, 1, 5, 0, 30, 15)),
        ("2024年1月5日 下午3:04", us(2024, 1, 5, 15, 4)),
        ("2024/01/05 10:00:00 PM GMT+1", us(2024, 1, 5, 21)),
        ("2024-01-05T10:00:00.250-0130", us(2024, 1, 5, 11, 30) + 250_000),
        ("Fri Jan 05 10:00:00 +0000 2024", us(2024, 1, 5, 10)),
        ("20240105T101112", us(2024, 1, 5, 10, 11, 12)),
        ("2024-01", us(2024, 1, 1)),
        ("2024年1月", us(2024, 1, 1)),
        ("Jan 2024", us(2024, 1, 1)),
        ("1704067200000", us(2024, 1, 1)),
        ("1704067200000000", us(2024, 1, 1)),
        ("1704067200000000000", us(2024, 1, 1)),
    ],
)
def test_clocks_months_and_counts(word, moment):
    assert read(word) == [moment]


def test_years_alone():
    assert read("1999", "2024年") == [us(1999, 1, 1), us(2024, 1, 1)]
    assert read("0830", "9999") == [None, None]


def test_days_of_a_sheet_where_all_are():
    assert read("45001", "45002.5") == [us(2023, 3, 16), us(2023, 3, 17, 12)]
    assert read("45001", "2024-01-01") == [None, us(2024, 1, 1)]


@pytest.mark.parametrize(
    "word",
    [
        "May",
        "12:30",
        "2024-01-05 25:00",
        "2024-01-05 13:00 PM",
        "5 Jan",
        "Jan Feb 2024",
        "lot 5 Jan 2024",
        "17040672000000000000",
        "32 Jan 2024",
        "1/2/3/2024",
    ],
)
def test_what_is_no_moment(word):
    assert read(word) == [None]
