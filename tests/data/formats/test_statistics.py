from __future__ import annotations

import gzip

import pytest

from tunebook.core.errors import DataError
from tunebook.data.read import read


@pytest.mark.parametrize(
    ("name", "data", "program"),
    [
        ("a.sav", b"$FL2@(#) SPSS DATA FILE" + bytes(50), "SPSS"),
        ("a.dta", b"<stata_dta><header><release>118", "Stata"),
        ("old.dta", bytes([114, 2, 1, 0]) + bytes(50), "Stata"),
        ("a.xpt", b"HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!", "SAS"),
        ("a.rds", gzip.compress(b"X\n\0\0\0\3\0\4\2\0", mtime=0), "R"),
        ("a.RData", gzip.compress(b"RDX3\nX\n\0\0\0\3", mtime=0), "R"),
    ],
)
def test_they_are_refused_by_name_with_the_export_to_choose(write, name, data, program):
    with pytest.raises(DataError) as caught:
        read(write(name, data))
    assert caught.value.code == "format.statistics"
    assert program in caught.value.message
    assert "CSV" in caught.value.advice
