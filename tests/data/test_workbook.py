"""Workbooks written by hand, since other libraries write only some of what there is."""

from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path

import pytest

from tunebook.core.errors import DataError
from tunebook.data.workbook import Grid, Workbook, letters_of, place_of

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT = ("http://purl.oclc.org/ooxml/spreadsheetml/main", "http://purl.oclc.org/ooxml/officeDocument/relationships")


def package(
    sheet: str, more: str = "", shared: str = "", styles: str = "", names: tuple[str, str] = (MAIN, LINKS)
) -> bytes:
    main, links = names
    parts = {
        "_rels/.rels": f'<R><Relationship Id="a" Type="{links}/officeDocument" Target="xl/workbook.xml"/></R>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{links}">{more}<sheets><sheet name="One" r:id="r1"/>'
        '<sheet name="Chart" r:id="r2"/><sheet name="Two" state="hidden" r:id="r3"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": "<R>"
        f'<Relationship Id="r1" Type="{links}/worksheet" Target="/xl/worksheets/s.xml"/>'
        f'<Relationship Id="r2" Type="{links}/chartsheet" Target="chartsheets/c.xml"/>'
        f'<Relationship Id="r3" Type="{links}/worksheet" Target="worksheets/s.xml"/>'
        f'<Relationship Id="r4" Type="{links}/sharedStrings" Target="sharedStrings.xml"/>'
        f'<Relationship Id="r5" Type="{links}/styles" Target="styles.xml"/></R>',
        "xl/worksheets/s.xml": f'<worksheet xmlns="{main}">{sheet}</worksheet>',
        "xl/SharedStrings.xml": f'<sst xmlns="{main}">{shared}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}">{styles}</styleSheet>',
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return stream.getvalue()


def grid(sheet: str, **more: str) -> Grid:
    book = Workbook(package(sheet, **more), Path("a.xlsx"))
    return book.grid(book.sheets[0])


@pytest.mark.parametrize("names", [(MAIN, LINKS), STRICT])
def test_sheets_without_charts(names):
    book = Workbook(package("<sheetData><row><c><v>1</v></c></row></sheetData>", names=names), Path("a.xlsx"))
    assert [(sheet.name, sheet.hidden) for sheet in book.sheets] == [("One", False), ("Two", True)]
    assert book.grid(book.sheets[0]).rows == {1: {1: 1}}
    assert book.grid(book.sheets[0]) is book.grid(book.sheets[0])


def test_values_of_all_kinds():
    cells = (
        '<c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><t>in</t></is></c><c r="C1"><v>2.5</v></c>'
        '<c r="D1" t="b"><v>1</v></c><c r="E1" t="e"><v>#REF!</v></c><c r="F1"><f>1+1</f></c>'
        '<c r="G1"><f>1+1</f><v>2</v></c><c r="H1" t="str"><f>A1</f><v>x</v></c><c r="I1" s="1"><v>45000</v></c>'
        '<c r="J1" t="d"><v>2025-01-02T03:04:05</v></c><c r="K1" t="str"><f>""</f><v></v></c>'
        '<c r="L1" s="1"><v>1e9</v></c><c r="M1" t="inlineStr"/>'
    )
    shared = "<si><r><t>two </t></r><rPh><t>no</t></rPh><r><t>runs_x000D_\n_x005F_x000D_</t></r></si>"
    styles = (
        '<numFmts><numFmt numFmtId="170" formatCode="dd/mm/yyyy"/></numFmts>'
        '<cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs>'
    )
    found = grid(f'<sheetData><row r="1">{cells}</row></sheetData>', shared=shared, styles=styles)
    row = found.rows[1]
    assert row[1] == "two runs\n_x000D_" and row[2] == "in" and row[3] == 2.5 and row[4] is True
    assert (row[7], row[8], row[10]) == (2, "x", datetime.datetime(2025, 1, 2, 3, 4, 5))
    assert row[9] == datetime.datetime(2023, 3, 15) and row[12] == 1e9
    assert found.wrong == [(1, 5)] and found.lost == [(1, 6)] and set(row) == {1, 2, 3, 4, 5, 7, 8, 9, 10, 12}


def test_what_is_merged_and_hidden():
    found = grid(
        '<cols><col min="2" max="3" hidden="1"/><col min="5" max="5"/></cols>'
        '<sheetData><row r="1"><c><v>1</v></c></row><row r="2" hidden="true"><c r="B2"><v>2</v></c></row></sheetData>'
        '<autoFilter ref="A1:B2"><filterColumn colId="0"/></autoFilter>'
        '<mergeCells><mergeCell ref="A1:B2"/></mergeCells>'
    )
    assert found.merged == [(1, 1, 2, 2)] and found.hidden_rows == {2} and found.filtered
    assert found.hidden_columns == [range(2, 4)]


def test_days_since_1904():
    styles = '<cellXfs><xf numFmtId="14"/></cellXfs>'
    sheet = '<sheetData><row><c s="0"><v>1</v></c></row></sheetData>'
    assert grid(sheet, styles=styles).rows[1][1] == datetime.datetime(1900, 1, 1)
    found = grid(sheet, styles=styles, more='<workbookPr date1904="1"/>').rows[1][1]
    assert found == datetime.datetime(1904, 1, 2)


@pytest.mark.parametrize(
    "data",
    [
        b"no workbook",
        package("<sheetData><row><c t='s'><v>5</v></c></row></sheetData>"),
        package("<row>"),
        package("<sheetData><row r='2000000'><c><v>1</v></c></row></sheetData>"),
    ],
)
def test_broken_workbooks_are_refused(data):
    with pytest.raises(DataError) as caught:
        book = Workbook(data, Path("a.xlsx"))
        book.grid(book.sheets[0])
    assert caught.value.code == "data.workbook"


def test_places():
    assert place_of("AB12") == (12, 28) and place_of("$C$3") == (3, 3) and place_of("") == (0, 0)
    assert [letters_of(column) for column in (1, 26, 27, 703)] == ["A", "Z", "AA", "AAA"]
