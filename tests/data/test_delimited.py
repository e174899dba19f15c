from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tunebook.core.errors import DataError
from tunebook.data.delimited import read_delimited
from tunebook.data.options import DataOptions

HERE = Path("file.csv")


def cut(text: str, kind: str = "csv", labelled: bool = True, **options: object):
    return read_delimited(text.encode(), HERE, kind, DataOptions(**options), labelled=labelled)


def rows(cells) -> list[list[str]]:
    return [list(row.values()) for row in cells.table.to_pylist()]


def test_rows_keep_the_line_numbers_of_the_file():
    cells = cut('text,label\n\none,a\n"two\n\nlines",b\n   \nthree,c\n')
    assert rows(cells) == [["one", "a"], ["two\n\nlines", "b"], ["three", "c"]]
    assert cells.rows.tolist() == [3, 4, 8]
    assert cells.table.column_names == ["text", "label"]
    assert cells.notes == {"delimiter": ",", "quotes": "csv", "header": "yes", "header_row": "1"}


def test_ragged_rows_are_set_aside_with_their_lines():
    cells = cut('text,label\none,a\ntwo\n"x, y",b\nthree,c,d,e\nfour,d\n')
    assert rows(cells) == [["one", "a"], ["x, y", "b"], ["four", "d"]]
    assert cells.ragged == {3: 1, 5: 4}
    assert cells.read == 5


def test_no_header_gives_numbered_columns_and_the_usual_width():
    cells = cut("nice film\t1\nbad film\t0\nodd\n", "tsv")
    assert cells.table.column_names == ["c1", "c2"]
    assert cells.ragged == {3: 1}
    assert cells.notes["header"] == "no"
    assert cut("text,label\n", header=False).table.to_pylist() == [{"c1": "text", "c2": "label"}]


def test_tab_files_may_go_on_with_more_columns():
    text = "3.5\tone two\tthree\n" * 20 + "4.5\tone\ttwo\tsource\tsource\n" * 5
    cells = cut(text, "tsv")
    assert cells.table.num_columns == 5
    assert cells.table["c4"].to_pylist() == [""] * 20 + ["source"] * 5
    assert cells.notes["uneven"] == "3-5"
    assert cells.ragged == {}
    assert cut(text.replace("\t", ","), "csv", delimiter=",").ragged == dict.fromkeys(range(21, 26), 5)


def test_quotes_in_tab_files_are_characters():
    cells = cut('1\t"No," he said.\n0\t5" pipe\n1\tfine\n', "csv")
    assert rows(cells) == [["1", '"No," he said.'], ["0", '5" pipe'], ["1", "fine"]]
    assert cells.notes["quotes"] == "literal"
    assert rows(cut('a\t"b"\nc\td\n', "tsv", quotes="literal", header=False))[0] == ["a", '"b"']
    assert rows(cut('a\t"b"\nc\td\n', "tsv", header=False))[0] == ["a", "b"]


def test_a_space_cuts_once():
    cells = cut('0 How did "it" begin ?\n1 What is it ?\n', "txt", delimiter=" ")
    assert rows(cells) == [["0", 'How did "it" begin ?'], ["1", "What is it ?"]]


def test_a_single_column_is_read_whole():
    cells = cut('one, two\n"three" and\n', "txt")
    assert rows(cells) == [["one, two"], ['"three" and']]
    assert rows(cut('text\n"one, two"\nthree\n', "csv")) == [["one, two"], ["three"]]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('text,label\none,a\n"two,b\nthree,c\nfour,d\n', 3),
        ('text,label\n"one\nmore","two,b\nthree,c\n', 3),
        ('text,label\none,a\n"two,b\nthree,c\nfour,d\n"five",e\n', 3),
        ('text,label\none,"a', 2),
    ],
)
def test_an_open_quote_is_refused_with_its_line(text, line):
    with pytest.raises(DataError) as caught:
        cut(text)
    assert caught.value.code == "data.quote"
    assert f"line {line} " in caught.value.message


def test_long_quoted_cells_are_no_fault():
    text = 'text,label\n"a letter\n\nof many lines\nthat has, one comma\nand ends",x\n"b",y\n'
    assert cut(text).rows.tolist() == [2, 7]
    assert rows(cut("text\n" + '"a\nb\nc\nd"\n' * 3)) == [["a\nb\nc\nd"]] * 3


def test_header_only_and_blank_files():
    with pytest.raises(DataError) as caught:
        cut("text,label\n")
    assert caught.value.code == "data.header_only"
    with pytest.raises(DataError) as caught:
        cut("\u3000\n \n")
    assert caught.value.code == "data.empty"
    with pytest.raises(DataError) as caught:
        cut("sep=;\n")
    assert caught.value.code == "data.empty"


def test_a_quote_that_swallows_one_line_drops_its_own_row_only():
    cells = cut('text,label\none,a\n"two,b\n"three, four",c\nfive,d\n')
    assert rows(cells) == [["one", "a"], ["three, four", "c"], ["five", "d"]]
    assert cells.opened == [3] and cells.read == 4


def test_a_heading_below_titles_and_a_line_for_excel():
    cells = cut("sep=;\nExport of May;;\n;;\nid;text;label\n" + "".join(f"{n};one {n};a\n" for n in range(9)))
    assert cells.table.column_names == ["id", "text", "label"] and cells.table.num_rows == 9
    assert cells.notes["header_row"] == "4" and cells.notes["delimiter"] == ";"
    assert cells.aside == {"title": [2]} and cells.read == 10


@pytest.mark.parametrize("head", ["text\n", ""])
def test_a_single_column_keeps_its_empty_rows_where_each_is_to_be_answered(head):
    data = f'{head}"one day, and more"\n""\n\n"  "\n"two days, no more"\n""\n'.encode()
    first = 1 + bool(head)
    cells = read_delimited(data, HERE, "csv", DataOptions(), labelled=False)
    assert [row[0].strip() for row in rows(cells)] == ["one day, and more", "", "", "two days, no more", ""]
    assert cells.rows.tolist() == [first + place for place in (0, 1, 3, 4, 5)] and cells.read == 5
    assert read_delimited(data, HERE, "csv", DataOptions()).rows.tolist() == [first, first + 4]
    two = read_delimited(b'a,text\n1,x\n""\n,\n2,y\n', HERE, "csv", DataOptions(), labelled=False)
    assert rows(two) == [["1", "x"], ["2", "y"]] and not two.ragged


def test_rows_of_delimiters_alone_are_blank_lines():
    cells = cut("text,label\none,a\n,\ntwo,b\n" + ",\n" * 50)
    assert rows(cells) == [["one", "a"], ["two", "b"]] and cells.rows.tolist() == [2, 4] and cells.read == 2


def test_tables_as_r_writes_them():
    for text, kind in (
        ('"text" "label"\n"1" "he said \\"no\\", twice" "a"\n"2" "C:\\dir" NA\n', "txt"),
        ('"text","label"\n"1","he said \\"no\\", twice","a"\n"2","C:\\dir",NA\n', "csv"),
        ('"text"\t"label"\n"1"\t"he said \\"no\\", twice"\t"a"\n"2"\t"C:\\dir"\tNA\n', "tsv"),
    ):
        cells = cut(text, kind)
        assert cells.table.column_names == ["c1", "text", "label"]
        assert rows(cells) == [["1", 'he said "no", twice', "a"], ["2", "C:\\dir", "NA"]]


def test_a_backslash_protects_delimiters_and_itself():
    cells = cut("text,label\none\\, two,a\nthree \\\\ four,b\n")
    assert rows(cells) == [["one, two", "a"], ["three \\ four", "b"]]


def test_names_that_repeat_are_told():
    assert cut("text,tag,tag\na,b,c\nd,e,f\n").notes["repeated"] == "tag"


def test_two_megabytes_in_a_cell():
    long = "x" * 2_000_000
    assert rows(cut(f'text,label\n"{long}",a\nb,c\n'))[0] == [long, "a"]


CELL = st.text(
    st.characters(codec="utf-8", exclude_characters="\r\0", exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=6
)


@settings(deadline=None)
@given(st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=12), st.sampled_from([0, 1]))
def test_agrees_with_the_csv_module(table, quoting):
    """Whatever csv writes comes back as csv reads it."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n", quoting=quoting).writerows([["text", "label"], *table])
    expected = [row for row in table if any(cell.strip() for cell in row)]
    try:
        cells = cut(stream.getvalue(), labelled=False, delimiter=",", quotes="csv", header=True)
    except DataError as error:
        swallowed = any(cell.count("\n") >= 2 for row in table for cell in row)
        assert error.code == "data.header_only" or (error.code == "data.quote" and swallowed)
        return
    assert [row for row in rows(cells) if any(cell.strip() for cell in row)] == expected
