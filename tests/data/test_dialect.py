from __future__ import annotations

import pytest

from tunebook.data.dialect import (
    NO_DELIMITER,
    Dialect,
    find_delimiter,
    find_dialect,
    sample_text,
    without_sep_line,
    wraps_cells,
)
from tunebook.data.options import DataOptions


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("a,b\n1,2\n", "csv", ","),
        ("a\tb, c\n1\t2\n", "csv", "\t"),
        ("a;b;c\n1,5;2;3\n1;2;3\n", "csv", ";"),
        ("a|b\n1|2\n", "txt", "|"),
        ('text,label\n"one, two",x\nthree,y\n', "csv", ","),
        ("a\tb\tc, d\n", "txt", "\t"),
        ("one sentence\nanother, with a comma\n", "txt", NO_DELIMITER),
        ("text\nwell, this, is, prose\n", "csv", NO_DELIMITER),
        ("a,b\n" + "1,2,3\n1,2\n" * 5, "csv", ","),
        ("a,b\n" + "1,2,3\n1,2\n" * 5, "txt", NO_DELIMITER),
    ],
)
def test_finds_the_delimiter(text, kind, found):
    assert find_delimiter(text, kind) == found


def test_looks_at_the_first_rows_only():
    assert find_delimiter("a;b\n" * 300 + "a,b\n" * 900, "txt") == ";"


def test_a_sample_ends_with_a_line(monkeypatch):
    monkeypatch.setattr("tunebook.data.dialect._SAMPLE_BYTES", 10)
    assert sample_text(b"abc\ndef\nghi\njkl\n") == "abc\ndef"
    assert sample_text("一二三四五六".encode()) == "一二三"
    assert sample_text(b"short") == "short"


def test_quotes_in_tab_files():
    assert wraps_cells('"a ""b"" c"\tx\nplain\ty\n', "\t")
    assert not wraps_cells('"Yes," he said.\tx\nplain\ty\n', "\t")
    assert wraps_cells('"a\tb" c\tx\n' + "plain\ty\n" * 2, "\t"), (
        "a line with more cells than the others proves nothing"
    )
    assert wraps_cells('"a" b,x\n', ",")


@pytest.mark.parametrize(
    ("text", "kind", "dialect"),
    [
        ("a,b\n1,2\n", "csv", Dialect(",")),
        ('a,b\n"1",2\n', "csv", Dialect(",", True)),
        ('a,b\n"say \\"x\\", yes",2\n', "csv", Dialect(",", True, '"')),
        ('a,b\n"C:\\","x"\n', "csv", Dialect(",", True)),
        ('a\tb\n"say \\"x\\", yes"\t2\n', "tsv", Dialect("\t", True, '"')),
        ("a,b\none\\, two,2\nthree,4\n", "csv", Dialect(",", False, ",")),
        ("a,b\n" + "'tis so,2\n" * 3, "csv", Dialect(",")),
        ('"text" "label"\n"1" "two words" NA\n"2" "a, b" "x"\n', "txt", Dialect(" ", True)),
        ('"Yes" he said\n"No" she said again\n', "txt", Dialect(NO_DELIMITER)),
    ],
)
def test_finds_what_wraps_and_protects(text, kind, dialect):
    assert find_dialect(text.encode(), kind, DataOptions()) == dialect


def test_a_dialect_as_told():
    assert find_dialect(b'1 "a" b\n', "txt", DataOptions(delimiter=" ")).once
    assert find_dialect(b'a,"b"\n', "csv", DataOptions(quotes="literal")) == Dialect(",")
    assert not find_dialect(b"a b\n", "txt", DataOptions(delimiter=" ", quotes="csv")).once


def test_the_line_that_tells_excel_the_delimiter():
    assert without_sep_line(b"sep=;\ntext;label\n") == (b"\ntext;label\n", ";")
    assert without_sep_line(b'"SEP=|"\na|b\n')[1] == "|"
    assert without_sep_line(b"sep=;b\n")[1] is None and without_sep_line(b"a\nsep=;\n")[1] is None


def test_a_cell_may_be_as_long_as_it_likes():
    assert find_delimiter(f"a,b\n{'x' * 200_000},1\n", "csv") == ","
