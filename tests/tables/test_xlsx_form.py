import io
from datetime import date

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment

from tunebook.core.errors import TableError
from tunebook.tables.make import Given, make_table, new_table
from tunebook.tables.xlsx_form import parse_xlsx, xlsx_bytes


def workbook(rows, change=None):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book.active)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_cells_of_the_first_sheet():
    data = workbook([["name", "value"], ["lr", 0.1], ["x", date(2024, 1, 1)]])
    cells, notes = parse_xlsx(data, "file")
    assert cells[:2] == [["name", "value"], ["lr", 0.1]] and notes == {}


EXCELS_PREAMBLE = "[Threaded comment]\n\nYour version of Excel allows you to read this.\n\nComment:\n    why not"


def test_notes_on_cells():
    def write(sheet):
        sheet["A2"].comment = Comment("Ann:\nfrom the paper", "Ann")
        sheet["B2"].comment = Comment("twice", "")
        sheet["B3"].comment = Comment(EXCELS_PREAMBLE, "tc={1}")

    _, notes = parse_xlsx(workbook([["name", "value"], ["lr", 1], ["seed", 1]], write), "file")
    assert notes == {2: "from the paper\ntwice", 3: "why not"}


def test_a_cell_that_shows_an_error():
    def write(sheet):
        sheet["B2"].value, sheet["B2"].data_type = "#REF!", "e"

    with pytest.raises(TableError) as caught:
        parse_xlsx(workbook([["name", "value"], ["lr", 1]], write), "file")
    assert caught.value.code == "table.cell" and "B2" in str(caught.value)


def test_formula():
    with pytest.raises(TableError) as caught:
        parse_xlsx(workbook([["name", "value"], ["lr", "=1+1"]]), "file")
    assert caught.value.code == "table.formula"
    assert "B2" in str(caught.value)


def test_merged_cells():
    with pytest.raises(TableError) as caught:
        parse_xlsx(workbook([["name", "value"], ["lr", 1]], lambda sheet: sheet.merge_cells("A2:A3")), "file")
    assert caught.value.code == "table.merged"
    assert "A2:A3" in str(caught.value)


@pytest.mark.parametrize("data", [b"not a workbook", b"PK\x03\x04 cut short"])
def test_not_a_workbook(data):
    with pytest.raises(TableError) as caught:
        parse_xlsx(data, "file")
    assert caught.value.code == "table.workbook"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-x", "@x", "'=1", "#N/A", "1e5", "TRUE", "_x0041_"])
def test_texts_stay_texts(text):
    data = xlsx_bytes(make_table({"seed": Given(1, reason=text)}))
    sheet = load_workbook(io.BytesIO(data)).active
    cell = next(row for row in sheet.iter_rows() if row[0].value == "seed")[5]
    assert (cell.value, cell.data_type) == (text, "s")
    assert cell.quotePrefix == text.startswith(("=", "+", "-", "@"))


def test_numbers_stay_numbers():
    sheet = load_workbook(io.BytesIO(xlsx_bytes(new_table({"lr": 2e-5})))).active
    row = next(row for row in sheet.iter_rows() if row[0].value == "learning_rate")
    assert (row[1].value, row[1].data_type) == (2e-5, "n")
    assert sheet.freeze_panes == "B2"


def test_a_text_that_no_cell_holds():
    with pytest.raises(TableError) as caught:
        xlsx_bytes(make_table({"seed": Given(1, reason="x" * 32768)}))
    assert caught.value.code == "table.long"
    assert caught.value.key == "seed"
