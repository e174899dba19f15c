from __future__ import annotations

import zipfile

import pytest

from tunebook.core.errors import DataError
from tunebook.data.options import DataOptions
from tunebook.data.read import read

TEXT = "Ada in New York\n"
MARKS = "T1\tPER 0 3\tAda\nT2\tLOC 7 15\tNew York\nR1\tin Arg1:T1 Arg2:T2\t\nA1\tSure T1\n#1\tAnnotatorNotes T1\tno\n"
PLACES = [{"start": 0, "end": 3, "label": "PER"}, {"start": 7, "end": 15, "label": "LOC"}]


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.ann", MARKS), ("b.ann", ""), ("annotation.conf", "[entities]\nPER\n[relations]\n"), ("marks.txt", MARKS)],
)
def test_marks_without_their_text_are_refused(write, name, text):
    with pytest.raises(DataError) as caught:
        read(write(name, text))
    assert caught.value.code in ("format.no_text", "format.unlabelled")
    assert "brat" in caught.value.message or name in caught.value.message


@pytest.mark.parametrize("first", ["A", "E", "R", "N", "T", "#"])
def test_tables_whose_ids_look_like_marks_are_none(write, first):
    lines = [f"{first}{number}\ta note on day {number}\t{'ab'[number % 2]}" for number in range(40)]
    assert read(write("a.tsv", "\n".join(lines))).table.num_rows == 40


def test_a_text_beside_its_marks_a_folder_and_a_package_of_both(write, tmp_path):
    assert read(write("c.txt", "alone\n")).table.num_rows == 1
    (tmp_path / "c.txt").unlink()
    text, marks = write("a.txt", TEXT), write("a.ann", MARKS)
    write("b.txt", "nobody looked\n")
    with zipfile.ZipFile(tmp_path.parent / f"{tmp_path.name}.zip", "w") as package:
        for name in ("a.txt", "a.ann", "b.txt"):
            package.write(tmp_path / name, f"set/{name}")
    for path in (text, marks, tmp_path, tmp_path.parent / f"{tmp_path.name}.zip"):
        source = read(path)
        assert source.table["label"].to_pylist() == [PLACES]
        assert source.notes["relations_left"] == "1"
        assert source.faults == ({} if path in (text, marks) else {"unlabelled": {2: ""}})


def test_line_ends_of_windows_are_counted(write):
    write("a.txt", "Ada\r\nin Rome\r\n")
    marks = "T1\tLOC 8 12\tRome\n"
    assert read(write("a.ann", marks)).table["label"].to_pylist() == [[{"start": 8, "end": 12, "label": "LOC"}]]


def test_words_of_events_are_taken_where_the_label_is_called_so(write):
    write("a.txt", "Ada met Bob")
    path = write("a.ann", "T1\tPER 0 3\tAda\nT2\tMeet 4 7\tmet\nE1\tMeet:T2 Who:T1\n")
    assert read(path).table["label"].to_pylist() == [[{"start": 0, "end": 3, "label": "PER"}]]
    assert read(path, DataOptions(label="events")).table["events"].to_pylist() == [
        [{"start": 4, "end": 7, "label": "Meet"}]
    ]


def test_places_of_several_pieces(write):
    """Pieces that only a line end parts are one place; others are as the user says of places that overlap."""
    write("a.txt", "the right and left hand\nof God")
    line = write("a.ann", "T1\tX 19 23;24 26\thand of\n")
    assert read(line).table["label"].to_pylist() == [[{"start": 19, "end": 26, "label": "X"}]]
    path = write("a.ann", "T1\tX 4 9;19 23\tright hand\n")
    with pytest.raises(DataError) as caught:
        read(path)
    assert caught.value.code == "data.dropped" and "several pieces" in caught.value.message
    for choice, end in (("longest", 23), ("first", 9)):
        source = read(path, DataOptions(overlaps=choice))
        assert source.table["label"].to_pylist() == [[{"start": 4, "end": end, "label": "X"}]]
        assert source.changed == {"span_joined": [1]}


def test_a_place_whose_words_hold_a_line_separator(write):
    write("a.txt", "Ada in New\u2028York\n")
    marks = "T1\tLOC 7 15\tNew\u2028York\nT2\tPER 0 3\tAda\n"
    assert read(write("a.ann", marks)).table["label"].to_pylist() == [PLACES]
