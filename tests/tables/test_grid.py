from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.comments import Comment

from tunebook.core.errors import TableError
from tunebook.tables.grid import csv_bytes, from_cells, parse_csv, parse_xlsx, to_cells, xlsx_bytes
from tunebook.tables.make import Given, make_table, new_table

HEAD = ["name", "value", "default"]


def refused(cells, code):
    with pytest.raises(TableError) as caught:
        from_cells(cells, "file")
    assert caught.value.code == code
    return str(caught.value)


def test_rows_facts_comments_and_empty_rows():
    cells = [
        [None, ""],
        ["参数名称", "说明", None, "取值"],
        ["# version", None, None, "3"],
        ["# note", "told", None, None],
        ["# owner", None],
        ["# a comment", None, None, "x"],
        [" ", None],
        [" lr ", "words", None, "1e-4"],
        ["seed"],
    ]
    found = from_cells(cells, "file")
    assert found.rows == {"lr": Given("1e-4", description="words"), "seed": Given()}
    assert found.facts == {"version": "3", "note": "told\na comment, x", "owner": ""}


def test_comments_right_above_a_row_are_its_reason():
    cells = [
        ["# made by Ann", "for the demo"],
        HEAD,
        ["# from the paper"],
        ["＃ and it worked"],
        ["lr", 1],
        ["seed", 1],
        ["# 备注", "told"],
        ["# of none"],
    ]
    found = from_cells(cells, "file", {5: "from the paper", 6: "a note", 7: "beside a fact", 2: "beside headings"})
    assert found.rows["lr"].reason == "from the paper\nand it worked"
    assert found.rows["seed"].reason == "a note"
    assert found.facts == {"note": "told\nmade by Ann, for the demo\nbeside headings\nbeside a fact\nof none"}


def test_facts_stand_in_any_column_and_above_the_headings():
    cells = [[None, "# version", 3], [None, "name", "value"], [None, "lr", 1], [None, "# 创建时间", "now"]]
    found = from_cells(cells, "file")
    assert found.facts == {"version": 3, "created": "now"}


def test_an_empty_row_switches_no_technique_on():
    assert from_cells([HEAD, ["fade.last"]], "file").rows == {"fade.last": Given(None)}
    assert from_cells([HEAD, ["fade.last", None, 5]], "file").rows == {"fade.last": Given(default=5)}


@pytest.mark.parametrize(
    ("cells", "code", "told"),
    [
        ([], "table.empty", "file"),
        ([["", None]], "table.empty", "file"),
        ([HEAD], "table.empty", "file"),
        ([HEAD, ["# note", "x"]], "table.empty", "file"),
        ([["text", "label"], ["a", "b"]], "table.no_name", "text"),
        ([["value", "default"], [1, 2]], "table.no_name", "value"),
        ([["name", "colour"], ["lr", 1]], "table.column", "colour"),
        ([["name", "value", "取值"], ["lr", 1, 2]], "table.column_twice", "value"),
        ([HEAD, [None, 3]], "table.nameless", "Row 2"),
        ([HEAD, ["lr", 1, 2, "x"]], "table.cells", "Row 2"),
        ([["name", None, "value"], ["lr", 1, 2]], "table.cells", "Row 2"),
        ([HEAD, ["lr", 1], ["seed", 1], ["lr", 1]], "row.twice", "#2 and #4"),
        ([HEAD, HEAD, ["lr", 1]], "table.headings_twice", "Row 2"),
        ([HEAD, ["参数名称", "取值", None], ["lr", 1]], "table.headings_twice", "Row 2"),
        ([HEAD, ["lr", 1], ["name", "value"], ["seed", 1]], "table.headings_twice", "Row 3"),
    ],
)
def test_refused(cells, code, told):
    assert told in refused(cells, code)


def test_to_cells():
    table = new_table({"shake.parts": ["a", "b"], "max_length": None}, recommended={"seed": 1}, note="n")
    cells = to_cells(table)
    assert cells[0] == ["name", "value", "default", "recommended", "description", "reason", "effect"]
    assert cells[1] == ["# note", "n", None, None, None, None, None]
    by_name = {row[0]: row for row in cells}
    assert by_name["shake.parts"][1:4] == ['["a", "b"]', '["embeddings"]', None]
    assert by_name["max_length"][1:4] == ["none", "none", None]
    assert by_name["seed"][1:4] == [1, 42, 1]
    assert {len(row) for row in cells} == {7}


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_delimiters_quotes_and_line_ends(mark):
    text = f'name{mark}value\r\nlr{mark}"a{mark}\n""b"""\r\n'
    assert parse_csv(text, "file") == [["name", "value"], ["lr", f'a{mark}\n"b"']]


@pytest.mark.parametrize("cell", ["=1+1", " =A1", "＝1", '"=HYPERLINK(""x"")"'])
def test_formulas_are_refused(cell):
    with pytest.raises(TableError) as caught:
        parse_csv(f"name,value\nlr,{cell}\n", "file")
    assert caught.value.code == "table.formula"
    assert "#2" in str(caught.value)


def test_an_open_quote():
    with pytest.raises(TableError) as caught:
        parse_csv('name,value\nlr,"1\n', "file")
    assert caught.value.code == "table.broken"


TEXTS = ["=1+1", "+1", "-x", "@x", "'=1", "''=1", "'quoted'", "＝1", "'", "x=1", "- item"]


@pytest.mark.parametrize("text", TEXTS)
def test_texts_like_formulas_are_written_as_texts_and_come_back(text):
    table = make_table({"seed": Given(1, reason=text, effect=-0.5)})
    written = list(csv.reader(io.StringIO(csv_bytes(table).decode("utf-8-sig"), newline="")))
    row = next(row for row in written if row[0] == "seed")
    assert row[5][:1] not in "=+-@＝"
    assert row[6] == "-0.5"
    assert next(row for row in parse_csv(csv_bytes(table).decode("utf-8-sig"), "file") if row[0] == "seed")[5] == text


def test_excel_finds_the_byte_order_mark():
    assert csv_bytes(make_table({})).startswith(b"\xef\xbb\xbf")


def test_truths_are_written_in_small_letters():
    assert "gradient_checkpointing,false,false," in csv_bytes(make_table({})).decode("utf-8-sig")


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
