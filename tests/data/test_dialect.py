from __future__ import annotations

import pytest

from tunebook.data.dialect import NO_DELIMITER, column_names, find_delimiter, is_header, sample_text, wraps_cells


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
    ("first", "rest", "header"),
    [
        (["text", "label"], [["a", "b"]], True),
        (["内容", "意图"], [["a", "b"]], True),
        (["text"], [["a"]], True),
        (["a plain sentence"], [["another"]], False),
        (["nice film", "1"], [["bad film", "0"]], False),
        (["ham", "Go until jurong"], [["ham", "Ok lar"], ["spam", "Win"]], False),
        (["Quality", "#1 ID"], [["1", "702876"]], True),
        (["remark", "kind"], [["good", "x"], ["bad", "y"]], True),
        (["remark", None], [["good", "x"]], False),
        (["a", "a"], [["b", "c"]], False),
        (["x" * 61, "label"], [["b", "c"]], False),
        ([None, ""], [["b", "c"]], False),
        (["remark", "kind"], [], False),
        (["标注员1", "annotator_2"], [["a", "b"]], True),
    ],
)
def test_finds_the_header(first, rest, header):
    assert is_header(first, rest) is header


def test_column_names():
    assert column_names(None, 3) == ["c1", "c2", "c3"]
    assert column_names([" a ", "a", None, "a"], 5) == ["a", "a_2", "c3", "a_3", "c5"]
