from __future__ import annotations

import gzip
import io
import os
import zipfile
from pathlib import Path

import pytest

from tunebook.core.errors import DataError
from tunebook.data.files import format_of, read_bytes


def packed(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name, data in members.items():
            package.writestr(name, data)
    return stream.getvalue()


def test_reads_plain_gzip_and_zip(write):
    assert read_bytes(write("a.csv", "x")) == (b"x", "a.csv")
    assert read_bytes(write("b.tsv.gz", gzip.compress(b"y"))) == (b"y", "b.tsv")
    assert read_bytes(write("c.csv", gzip.compress(b"z"))) == (b"z", "c.csv")
    package = packed(**{"folder/d.jsonl": b"w", "__MACOSX/._d.jsonl": b"junk"})
    assert read_bytes(write("d.zip", package)) == (b"w", "d.jsonl")


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.csv", b"", "data.empty"),
        ("a.csv", b"\xef\xbb\xbf \r\n\t\n", "data.empty"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9], "data.archive"),
        ("a.zip", b"PK no package", "data.archive"),
        ("a.zip", packed(a=b"1", b=b"2"), "data.archive"),
        ("a.zip", io.BytesIO(packed(**{"b.zip": packed(a=b"1")})).getvalue(), "data.archive"),
    ],
)
def test_refuses_what_holds_no_data(write, name, data, code):
    with pytest.raises(DataError) as caught:
        read_bytes(write(name, data))
    assert caught.value.code == code
    assert name in caught.value.message


def test_refuses_missing_files_folders_and_unreadable_ones(tmp_path: Path, write, monkeypatch):
    with pytest.raises(DataError) as caught:
        read_bytes(tmp_path / "none.csv")
    assert caught.value.code == "data.missing"
    with pytest.raises(DataError) as caught:
        read_bytes(tmp_path)
    assert caught.value.code == "data.folder"

    with pytest.raises(DataError) as caught:
        read_bytes(tmp_path / f"{'x' * 300}.csv")
    assert caught.value.code == "data.unreadable"
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError) as caught:
        read_bytes(tmp_path / "pipe.csv")
    assert caught.value.code == "data.pipe"

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, os.strerror(13))

    path = write("locked.csv", "a")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError) as caught:
        read_bytes(path)
    assert caught.value.code == "data.unreadable"
    assert "Permission denied" in caught.value.message


def test_format_by_option_magic_name_and_delimiter():
    path = Path("x")
    assert format_of(path, "a.bin", b"", "jsonl", None) == "jsonl"
    assert format_of(path, "a.bin", b"PAR1...", None, None) == "parquet"
    assert format_of(path, "a", b"SQLite format 3\0", None, None) == "sqlite"
    assert format_of(path, "A.TSV", b"", None, None) == "tsv"
    assert format_of(path, "TREC.all", b"", None, " ") == "txt"
    assert format_of(path, "a.csv", b"PK\3\4...xl/worksheets/sheet1.xml", None, None) == "xlsx"
    assert format_of(path, "a.xls", b"text,label", None, None) == "txt"
    with pytest.raises(DataError) as caught:
        format_of(path, "a.docx", b"", None, None)
    assert caught.value.code == "data.format"
    assert "parquet" in caught.value.allowed
