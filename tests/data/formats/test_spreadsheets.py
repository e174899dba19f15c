from __future__ import annotations

import pytest

from tunebook.core.errors import DataError
from tunebook.data.read import read

OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40)


@pytest.mark.parametrize(
    ("name", "data", "program"),
    [
        ("a.xls", OLD + "Workbook".encode("utf-16-le"), "Excel 97-2003"),
        ("a.xlsx", OLD + "EncryptedPackage".encode("utf-16-le"), "password"),
        ("a.ods", b"PK\3\4" + bytes(20) + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", ".ods"),
        ("a.numbers", b"PK\3\4Index/Document.iwa Index/Tables/Tile.iwa", "Numbers"),
        ("a.xlsb", b"PK\3\4xl/workbook.bin", ".xlsb"),
        ("a.fods", b'<?xml version="1.0"?><office:document office:version="1.2">', ".fods"),
        ("a.xls", b"<!DOCTYPE html>\n<html><table><tr><td>text</td></tr></table></html>", "HTML"),
        ("a.xls", b'<?xml?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "Excel 2003 XML"),
    ],
)
def test_other_sheets_are_refused_by_name_with_what_to_save(write, name, data, program):
    with pytest.raises(DataError) as caught:
        read(write(name, data))
    assert caught.value.code == "format.spreadsheet" and program in caught.value.message
    assert "save it as .xlsx" in caught.value.advice and "rename" not in caught.value.advice.lower()


def test_rows_that_hold_markup_are_rows(write):
    source = read(write("a.csv", "<b>text</b>,label\n<html>one</html>,x\n<html>two</html>,y\n"))
    assert source.table.num_columns == 2
    assert read(write("b.xls", "text\tlabel\none\tx\n")).table.column_names == ["text", "label"]
