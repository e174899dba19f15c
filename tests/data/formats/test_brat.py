from __future__ import annotations

import pytest

from tunebook.core.errors import DataError
from tunebook.data.read import read

MARKS = (
    "T1\tPER 0 3\tAda\nT2\tLOC 7 11;12 15\tNew York\nR1\tin Arg1:T1 Arg2:T2\t\nA1\tSure T1\n#1\tAnnotatorNotes T1\tno\n"
)


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.ann", MARKS), ("b.ann", ""), ("annotation.conf", "[entities]\nPER\n[relations]\n"), ("marks.txt", MARKS)],
)
def test_marks_are_tagging(write, name, text):
    with pytest.raises(DataError) as caught:
        read(write(name, text))
    assert caught.value.code == "format.tagging"
    assert "brat" in caught.value.message


@pytest.mark.parametrize("first", ["A", "E", "R", "N", "T", "#"])
def test_tables_whose_ids_look_like_marks_are_none(write, first):
    lines = [f"{first}{number}\ta note on day {number}\t{'ab'[number % 2]}" for number in range(40)]
    assert read(write("a.tsv", "\n".join(lines))).table.num_rows == 40


def test_a_text_beside_its_marks_and_a_folder_of_both(write, tmp_path):
    text = write("a.txt", "Ada in New York\n")
    assert read(text).table.num_rows == 1
    write("a.ann", MARKS)
    for path in (text, tmp_path):
        with pytest.raises(DataError, match=r"format\.tagging"):
            read(path)
