from __future__ import annotations

import gzip
import io
import sqlite3
from contextlib import closing
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet

from tunebook.core.errors import DataError
from tunebook.data.options import DataOptions
from tunebook.data.read import read


def test_a_csv_file(write):
    path = write("a.csv", "text,label,007\none,a,007\n")
    source = read(path)
    assert source.table.to_pydict() == {"text": ["one"], "label": ["a"], "007": ["007"]}
    assert source.name == "a.csv"
    assert len(source.hash) == 12
    assert source.notes["format"] == "csv"


def test_other_columns_keep_order_and_type(tmp_path: Path):
    table = pa.table(
        {"z": [1.5, None], "text": ["a", "b"], "when": pa.array([0, 1], pa.timestamp("s")), "l": [["x"], []]}
    )
    parquet.write_table(table, tmp_path / "rows.parquet")
    source = read(tmp_path / "rows.parquet")
    assert source.table.column_names == ["z", "text", "when", "l"]
    assert source.table.to_pydict() == table.to_pydict()
    assert source.rows.tolist() == [1, 2]
    stream = io.BytesIO()
    parquet.write_table(table, stream)
    packed = tmp_path / "rows.parquet.gz"
    packed.write_bytes(gzip.compress(stream.getvalue()))
    assert read(packed).table.num_rows == 2


def test_text_files_may_hold_json(write):
    assert read(write("a.txt", '[{"text": "a"}]')).table.to_pydict() == {"text": ["a"]}
    assert read(write("b.txt", '{"text": "a"}\n{"text": "b"}\n')).table.to_pydict() == {"text": ["a", "b"]}
    assert read(write("c.txt", "[link] see there\n{braces} too\n")).table.num_rows == 2
    assert read(write("d.jsonl", '{"text": "a"}\n')).notes["format"] == "jsonl"


def test_json_that_is_called_a_table(write):
    rows = '[{"text": "a, b"},\n {"text": "c"}]'
    assert read(write("a.csv", rows)).table.to_pydict() == {"text": ["a, b", "c"]}
    assert read(write("b.tsv", '{"text": "a"}\n{"text": "b"}\n')).table.to_pydict() == {"text": ["a", "b"]}
    assert read(write("c.csv", '{"text":\n "a"}')).table.to_pydict() == {"text": ["a"]}
    assert read(write("d.csv", "[1 0],one\n[0 1],two\n")).notes["format"] == "csv"
    assert read(write("e.csv", '{"a": 1},one\n{"a": 2},two\n')).notes["format"] == "csv"
    assert read(write("f.csv", rows), DataOptions(format="csv")).notes["format"] == "csv"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("\n<!DOCTYPE html>\n<title>Sign in, please</title>", "data.page"),
        ("<HTML><table><tr><td>a</td></tr></table></HTML>", "data.page"),
        ('<?xml version="1.0"?><Workbook/>', "data.page"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "data.pointer"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "b.json"])
def test_what_stands_in_the_place_of_a_file(write, name, content, code):
    with pytest.raises(DataError) as caught:
        read(write(name, content))
    assert caught.value.code == code and caught.value.advice


def test_lines_with_broken_bytes_are_faults(write):
    good = "好的房间非常满意下次再来,a\n".encode() * 50
    source = read(write("a.csv", b"text,label\n" + good + "坏".encode()[:2] + b",b\n"))
    assert source.faults["undecodable"] == {52: ""}
    assert source.read == 51
    assert source.table.num_rows == 50


def test_ragged_rows_are_faults_with_their_cells(write):
    source = read(write("a.csv", "text,label\none,a\ntwo\n"))
    assert source.faults["ragged"] == {3: "1"}


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.parquet", b"PAR1 broken", "data.parquet"),
        ("a.parquet", b"not at all", "data.parquet"),
        ("a.json", b"[]", "data.empty"),
        ("a.jsonl", b"{}\n", "data.empty"),
        ("a.csv", b"\xff\xfea\x00b", "data.encoding"),
        ("a.doc", b"hello", "data.format"),
    ],
)
def test_damaged_files(write, name, data, code):
    with pytest.raises(DataError) as caught:
        read(write(name, data))
    assert caught.value.code == code


def test_options_reach_the_readers(write):
    path = write("a.data", "好|x\n", "gb18030")
    source = read(path, DataOptions(delimiter="|", encoding="gb18030", header=False))
    assert source.table.to_pydict() == {"c1": ["好"], "c2": ["x"]}
    assert read(path, DataOptions(format="csv", encoding="gb18030", header=False)).table.num_columns == 2


def test_parquet_whose_names_repeat(tmp_path):
    names, columns = ["text", "label", "label"], [pa.array(["a"]), pa.array(["x"]), pa.array(["y"])]
    parquet.write_table(pa.Table.from_arrays(columns, names=names), tmp_path / "a.parquet")
    source = read(tmp_path / "a.parquet")
    assert source.table.column_names == ["text", "label", "label_2"] and source.notes["repeated"] == "label"


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


def test_the_usual_name_of_the_texts_is_a_heading_where_no_other_name_was_told(write):
    path = write("a.csv", "remark\na plain sentence\n")
    assert read(path, text="remark").table.to_pydict() == {"remark": ["a plain sentence"]}
    assert read(path, DataOptions(text="other"), text="remark").table.to_pydict() == {
        "c1": ["remark", "a plain sentence"]
    }
    book = openpyxl.Workbook()
    for cell in ("remark", "a plain sentence"):
        book.active.append([cell])
    book.save(path.with_suffix(".xlsx"))
    assert read(path.with_suffix(".xlsx"), text="remark").table.to_pydict() == {"remark": ["a plain sentence"]}
