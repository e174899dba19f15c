from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tunebook.core.errors import DataError
from tunebook.data.options import DataOptions
from tunebook.data.read import read


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.db"
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE TABLE "my reviews" (text TEXT, label TEXT, n INTEGER)')
        connection.executemany('INSERT INTO "my reviews" VALUES (?, ?, ?)', [("a", "x", 1), ("b", "y", None)])
    connection.close()
    return path


def test_the_only_table(base: Path):
    source = read(base)
    assert source.table.to_pydict() == {"text": ["a", "b"], "label": ["x", "y"], "n": [1, None]}
    assert source.rows.tolist() == [1, 2]
    packed = base.with_name("base.db.gz")
    packed.write_bytes(gzip.compress(base.read_bytes()))
    assert read(packed).table == source.table


def test_rows_that_are_still_in_the_log(base: Path):
    connection = sqlite3.connect(base)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute('INSERT INTO "my reviews" VALUES (?, ?, ?)', ("c", "z", 3))
    connection.commit()
    try:
        assert read(base).table["text"].to_pylist() == ["a", "b", "c"]
    finally:
        connection.close()


def test_a_query_decides(base: Path):
    with sqlite3.connect(base) as connection:
        connection.execute("CREATE TABLE other (t TEXT)")
    connection.close()
    with pytest.raises(DataError) as caught:
        read(base)
    assert caught.value.code == "data.table"
    assert caught.value.allowed == "my reviews, other"
    source = read(base, DataOptions(query='SELECT label AS a, text AS a FROM "my reviews" ORDER BY n DESC'))
    assert source.table.to_pydict() == {"a": ["x", "y"], "a_2": ["a", "b"]}
    assert read(base, DataOptions(query="SELECT 1 AS n, 'x' AS t")).table.num_rows == 1
    with pytest.raises(DataError) as caught:
        read(base, DataOptions(query="SELECT t FROM other"))
    assert caught.value.code == "data.empty"


@pytest.mark.parametrize(
    "query", ["SELECT nothing FROM nowhere", 'DELETE FROM "my reviews"', "CREATE TABLE x (a)", "PRAGMA query_only = 0"]
)
def test_other_statements_are_refused(base: Path, query: str):
    before = base.read_bytes()
    with pytest.raises(DataError) as caught:
        read(base, DataOptions(query=query))
    assert caught.value.code == "data.query"
    assert base.read_bytes() == before


def test_tables_of_sqlite_itself_and_of_indices_are_none(tmp_path):
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE VIRTUAL TABLE sqliteX USING fts5(text, label)")
        connection.execute("INSERT INTO sqliteX VALUES ('one', 'x')")
        connection.commit()
    assert read(path).table.to_pydict() == {"text": ["one"], "label": ["x"]}
