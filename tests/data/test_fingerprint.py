from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from tunebook.data.fingerprint import fingerprint

TABLE = pa.table(
    {
        "text": pa.array(["a", "bc", None, ""], pa.large_string()),
        "n": [1, None, 3, 4],
        "x": [0.5, 1.5, None, 2.5],
        "many": [["a"], [], None, ["b", "c"]],
        "when": [datetime.date(2025, 1, 1)] * 4,
        "flag": [True, False, None, True],
        "kind": pa.array(["u", "v", "u", "v"]).dictionary_encode(),
        "deep": [{"a": 1}, {"a": 2}, None, {"a": 4}],
        "none": pa.nulls(4),
    }
)


def test_it_outlives_a_parquet_file_and_chunks(tmp_path: Path):
    parquet.write_table(TABLE, tmp_path / "t.parquet")
    assert fingerprint(parquet.read_table(tmp_path / "t.parquet")) == fingerprint(TABLE)
    assert fingerprint(pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)])) == fingerprint(TABLE)
    assert fingerprint(TABLE.slice(1)) == fingerprint(TABLE.take(pa.array([1, 2, 3])))
    assert len(fingerprint(TABLE)) == 32


def test_nothing_has_a_hash():
    assert fingerprint(TABLE.slice(0, 0)) != fingerprint(TABLE)
    none = pa.chunked_array([], pa.large_string())
    assert fingerprint(pa.table({"t": none})) == fingerprint(pa.table({"t": pa.array([], pa.string())}))
    assert fingerprint(pa.table({"t": pa.nulls(2, pa.large_string())})) != fingerprint(pa.table({"t": pa.nulls(2)}))


def test_empty_strings_outlive_a_file(tmp_path: Path):
    table = pa.table({"t": ["", ""], "u": ["", None]})
    parquet.write_table(table, tmp_path / "t.parquet")
    assert fingerprint(parquet.read_table(tmp_path / "t.parquet")) == fingerprint(table)


def test_every_change_shows():
    seen = {fingerprint(TABLE), fingerprint(TABLE.take(pa.array([1, 0, 2, 3]))), fingerprint(TABLE.slice(0, 3))}
    seen.add(fingerprint(TABLE.rename_columns(["t", *TABLE.column_names[1:]])))
    changed = {
        "text": ["ab", "c", None, ""],
        "n": [1, 0, 3, 4],
        "x": [0.5, 1.5, 0.0, 2.5],
        "many": [["a"], None, [], ["b", "c"]],
        "when": [datetime.date(2025, 1, 2)] * 4,
        "flag": [True, False, False, True],
        "kind": ["u", "v", "u", "u"],
        "deep": [{"a": 1}, {"a": 2}, None, {"a": 5}],
    }
    for name, values in changed.items():
        place = TABLE.column_names.index(name)
        seen.add(fingerprint(TABLE.set_column(place, name, pa.array(values))))
    assert len(seen) == 4 + len(changed)


def test_books_of_earlier_versions_are_known():
    """Values of every kind that is hashed as text, with the hash that version 0.1 gave them."""
    table = pa.table(
        {
            "a": pa.array([True, None]),
            "b": pa.array([datetime.datetime(2025, 1, 2, 3, 4, 5), None], pa.timestamp("us")),
            "c": pa.array([{"x": 1.0, "y": None}, {"x": None, "y": "z"}]),
            "d": pa.array([Decimal("2.50"), None]),
            "e": pa.array([b"\xff", b"x"]),
            "f": pa.array(["u", "v"]).dictionary_encode(),
            "g": pa.array([datetime.time(3, 4), None]),
        }
    )
    assert fingerprint(table) == "b400fb133389f1a5c202560066580cf1"
