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
    cells = read_sheet(saved(book), HERE, DataOptions())
    table, rows, notes = cells.table, cells.rows, cells.notes
    assert table.column_names == ["text", "label", "n", "day"]
    assert table["label"].to_pylist() == ["x", "y", "5"]
    assert table["n"].to_pylist() == [1, 2.5, None]
    assert table["day"].to_pylist() == [day.date(), None, None]
    assert rows.tolist() == [2, 4, 5]
    assert notes == {"sheet": "rows", "header": "yes", "header_row": "1"}


def test_no_header():
    cells = read_sheet(saved(book_of([["good film", 1], ["bad film", 0]])), HERE, DataOptions())
    assert cells.table.column_names == ["c1", "c2"]
    assert cells.rows.tolist() == [1, 2]


def test_merged_labels_are_filled_down():
    book = book_of([["text", "label"], ["a", "x"], ["b", None], ["c", "y"]])
    book.active.merge_cells("B2:B3")
    book.active.merge_cells("D1:E1")
    assert read_sheet(saved(book), HERE, DataOptions()).table["label"].to_pylist() == ["x", "x", "y"]


def test_formulas_give_their_saved_value_or_are_noted():
    book = book_of([["text", "label", "n"], ["a", "x", "=1+1"], ["b", "y", 3]])
    data = saved(book)
    cells = read_sheet(data, HERE, DataOptions())
    assert cells.table["n"].to_pylist() == [None, 3] and cells.lost == ()
    assert cells.notes["formulas"] == "C2"
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
    cells = read_sheet(stream.getvalue(), HERE, DataOptions())
    assert cells.table["n"].to_pylist() == [2, 3]
    assert "formulas" not in cells.notes


def test_sheets_must_be_clear():
    book = book_of([["text", "label"], ["a", "x"]], "first")
    book.create_sheet("empty")
    assert read_sheet(saved(book), HERE, DataOptions()).table.num_rows == 1
    book.create_sheet("second").append(["note", "of someone"])
    with pytest.raises(DataError) as caught:
        read_sheet(saved(book), HERE, DataOptions())
    assert caught.value.code == "data.sheets"
    assert caught.value.allowed == "first, second"
    assert read_sheet(saved(book), HERE, DataOptions(sheet="first")).table.num_rows == 1
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


def rows_of(count: int = 12) -> list[list[object]]:
    return [[n, f"message {n} of the day", ("bad", "good")[n % 2]] for n in range(count)]


def test_titles_totals_and_tables_beside():
    book = book_of([["Messages of May"], [], ["id", "text", "label", None, "class", "meaning"], *rows_of()])
    book.active["E4"], book.active["F4"] = "bad", "broken"
    book.active.append(["Total", 12])
    cells = read_sheet(saved(book), HERE, DataOptions())
    assert cells.table.column_names == ["id", "text", "label"] and cells.rows.tolist() == list(range(4, 16))
    assert cells.aside == {"title": [1], "total": [16]} and cells.read == 14
    assert cells.notes["header_row"] == "3" and cells.notes["beside"] == "c4, class, meaning"


def test_a_heading_of_merged_cells():
    book = book_of(
        [["id", "text", "Annotation", None], [None, None, "label", "sure"], *([*row, "yes"] for row in rows_of())]
    )
    for span in ("A1:A2", "B1:B2", "C1:D1"):
        book.active.merge_cells(span)
    cells = read_sheet(saved(book), HERE, DataOptions())
    assert cells.table.column_names == ["id", "text", "label", "sure"] and cells.notes["header_row"] == "2"


def test_hidden_rows_and_columns_need_a_word():
    book = book_of([["text", "label", "checked"], *([f"message {n}", "bad", "good"] for n in range(5))])
    book.active.row_dimensions[3].hidden = True
    with pytest.raises(DataError) as caught:
        read_sheet(saved(book), HERE, DataOptions())
    assert caught.value.code == "data.hidden" and "--hidden keep" in caught.value.advice
    book.active.column_dimensions["B"].hidden = True
    kept = read_sheet(saved(book), HERE, DataOptions(hidden="keep"))
    assert kept.table.shape == (5, 3) and kept.notes["hidden_keep"] == "3; B"
    dropped = read_sheet(saved(book), HERE, DataOptions(hidden="drop"))
    assert dropped.table.column_names == ["text", "checked"] and dropped.rows.tolist() == [2, 4, 5, 6]


def test_a_filter_is_called_so():
    book = book_of([["text", "label"], *([f"message {n}", "bad"] for n in range(5))])
    book.active.auto_filter.ref = "A1:B6"
    book.active.auto_filter.add_filter_column(1, ["good"])
    book.active.row_dimensions[2].hidden = True
    with pytest.raises(DataError) as caught:
        read_sheet(saved(book), HERE, DataOptions())
    assert caught.value.code == "data.filtered"


def test_a_hidden_list_behind_drop_downs_is_no_sheet_of_rows():
    book = book_of([["text", "label"], ["a", "x"]])
    book.create_sheet("lists").append(["x"])
    book["lists"].sheet_state = "hidden"
    assert read_sheet(saved(book), HERE, DataOptions()).table.num_rows == 1
    book.remove(book["rows"])
    book.create_sheet("empty")
    assert read_sheet(saved(book), HERE, DataOptions(header=False)).table["c1"].to_pylist() == ["x"]


def test_a_stray_cell_far_away_costs_nothing():
    book = book_of([["text", "label"], *([f"message {n}", "bad"] for n in range(12))])
    book.active.cell(1_048_576, 16_384, " ")
    assert read_sheet(saved(book), HERE, DataOptions()).table.shape == (12, 2)
    book.active.cell(1_048_576, 2, "x")
    assert read_sheet(saved(book), HERE, DataOptions()).table.num_rows <= 13


def test_cells_that_hold_an_error_are_told():
    book = book_of([["text", "label"], ["a", "#REF!"], ["b", "x"]])
    cells = read_sheet(saved(book), HERE, DataOptions())
    assert cells.table["label"].to_pylist() == ["#REF!", "x"] and cells.notes["errors"] == "B2"
