import csv
import io

import pytest

from tunebook.core.errors import TableError
from tunebook.tables.csv_form import csv_bytes, parse_csv
from tunebook.tables.make import Given, make_table


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
