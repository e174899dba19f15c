from __future__ import annotations

import datetime
import io
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from tunebook.core.errors import DataError
from tunebook.data.options import DataOptions
from tunebook.data.sheets import read_sheet

HERE = Path("book.xlsx")


def saved(book: Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def book_of(rows: list[list[object]], title: str = "rows") -> Workbook:
    book = Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    return book


def test_reads_types_blank_rows_and_row_numbers():
    day = datetime.datetime(2025, 1, 2)
    book = book_of(
        [["text", "label", "n", "day", None], ["a", "x", 1, day], [], ["b", "y", 2.5, None], ["c", 5, None, None]]
    )
    table, rows, notes = read_sheet(saved(book), HERE, DataOptions())
    assert table.column_names == ["text", "label", "n", "day"]
    assert table["label"].to_pylist() == ["x", "y", "5"]
    assert table["n"].to_pylist() == [1, 2.5, None]
    assert table["day"].to_pylist() == [day, None, None]
    assert rows.tolist() == [2, 4, 5]
    assert notes == {"sheet": "rows", "header": "yes"}


def test_no_header():
    table, rows, _ = read_sheet(saved(book_of([["good film", 1], ["bad film", 0]])), HERE, DataOptions())
    assert table.column_names == ["c1", "c2"]
    assert rows.tolist() == [1, 2]


def test_merged_labels_are_filled_down():
    book = book_of([["text", "label"], ["a", "x"], ["b", None], ["c", "y"]])
    book.active.merge_cells("B2:B3")
    book.active.merge_cells("D1:E1")
    table, _, _ = read_sheet(saved(book), HERE, DataOptions())
    assert table["label"].to_pylist() == ["x", "x", "y"]


def test_formulas_give_their_saved_value_or_are_noted():
    book = book_of([["text", "label", "n"], ["a", "x", "=1+1"], ["b", "y", 3]])
    data = saved(book)
    table, _, notes = read_sheet(data, HERE, DataOptions())
    assert table["n"].to_pylist() == [None, 3]
    assert notes["formulas"] == "C2"
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        for item in old.infolist():
            content = old.read(item)
            if item.filename.endswith("sheet1.xml"):
                content = (
                    content.replace(b"<v></v>", b"<v>2</v>")
                    .replace(b"<v />", b"<v>2</v>")
                    .replace(b"<v/>", b"<v>2</v>")
                )
            new.writestr(item, content)
    table, _, notes = read_sheet(stream.getvalue(), HERE, DataOptions())
    assert table["n"].to_pylist() == [2, 3]
    assert "formulas" not in notes


def test_sheets_must_be_clear():
    book = book_of([["text", "label"], ["a", "x"]], "first")
    book.create_sheet("empty")
    assert read_sheet(saved(book), HERE, DataOptions())[0].num_rows == 1
    book.create_sheet("second").append(["note", "of someone"])
    with pytest.raises(DataError) as caught:
        read_sheet(saved(book), HERE, DataOptions())
    assert caught.value.code == "data.sheets"
    assert caught.value.allowed == "first, second"
    assert read_sheet(saved(book), HERE, DataOptions(sheet="first"))[0].num_rows == 1
    with pytest.raises(DataError) as caught:
        read_sheet(saved(book), HERE, DataOptions(sheet="third"))
    assert caught.value.code == "data.sheet"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"no workbook", "data.workbook"),
        (saved(Workbook()), "data.empty"),
        (saved(book_of([["text", "label"]])), "data.header_only"),
    ],
)
def test_useless_workbooks(data, code):
    with pytest.raises(DataError) as caught:
        read_sheet(data, HERE, DataOptions(header=True) if code == "data.header_only" else DataOptions())
    assert caught.value.code == code
