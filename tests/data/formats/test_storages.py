from __future__ import annotations

import io
import pickle
import tarfile

import pytest

from tunebook.core.errors import DataError
from tunebook.data.read import read


def tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as package:
        package.addfile(tarfile.TarInfo("a.csv"))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "program"),
    [
        ("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(9), "HDF5"),
        ("a.pkl", pickle.dumps({"text": [1000] * 9}, 4), "pickle"),
        ("a.tar", tar(), "tar"),
        ("a.duckdb", bytes(8) + b"DUCK" + bytes(9), "DuckDB"),
    ],
)
def test_they_are_refused_by_name(write, name, data, program):
    with pytest.raises(DataError) as caught:
        read(write(name, data))
    assert caught.value.code == "format.storage" and program in caught.value.message
    assert "Parquet" in caught.value.advice


def test_a_text_that_begins_alike_is_a_text(write):
    assert read(write("a.csv", "ORC,label\none,x\ntwo,y\n")).table.num_rows >= 2
