from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa

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
