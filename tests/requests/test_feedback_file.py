"""Files of feedback, good ones and bad ones."""

from __future__ import annotations

import pytest

from tunebook.core.errors import DataError, TunebookError
from tunebook.requests.feedback_file import read_feedback
from tunebook.requests.record import Feedback
from tunebook.requests.times import moment, shown


def test_columns_are_names(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("﻿request,number,label,bought,note\nr1,1,5,1,\nr2,,好,,late\n", encoding="utf-8")
    assert read_feedback(path, 7.0) == [
        Feedback("r1", 1, 7.0, "label", "5", "a.csv"),
        Feedback("r1", 1, 7.0, "bought", 1.0, "a.csv"),
        Feedback("r2", 0, 7.0, "label", "好", "a.csv"),
        Feedback("r2", 0, 7.0, "note", "late", "a.csv"),
    ]


def test_lines_of_json_and_tabs(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"request": "r1", "at": 5, "ok": true, "x": null, "spans": [1], "source": "me"}\n\n')
    assert read_feedback(path, 7.0) == [
        Feedback("r1", 0, 5.0, "ok", 1.0, "me"),
        Feedback("r1", 0, 5.0, "spans", "[1]", "me"),
    ]
    path = tmp_path / "a.tsv"
    path.write_text("request\tat\tlabel\nr1\t1970-01-01T00:01\ta,b\n")
    assert read_feedback(path, 7.0) == [Feedback("r1", 0, 60.0, "label", "a,b", "a.tsv")]


def test_a_row_ends_where_the_line_does(tmp_path):
    odd = "a\u2028b\x85c\x0cd"
    (tmp_path / "a.csv").write_text(f"request,label\nr1,{odd}\nr2,e\n", encoding="utf-8")
    (tmp_path / "a.jsonl").write_text(f'{{"request": "r1", "label": "{odd[:4]}"}}\r\n', encoding="utf-8")
    assert [one.value for one in read_feedback(tmp_path / "a.csv", 7.0)] == [odd, "e"]
    assert [one.value for one in read_feedback(tmp_path / "a.jsonl", 7.0)] == [odd[:4]]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.csv", b"id,label\n1,a\n", "requests.feedback_column"),
        ("a.csv", b"", "requests.feedback_column"),
        ("a.csv", b"request,label\n,a\n", "requests.feedback_row"),
        ("a.csv", b"request,label\nr1,a,b\n", "requests.feedback_row"),
        ("a.csv", b"request,number,label\nr1,x,a\n", "requests.feedback_row"),
        ("a.csv", b"request,at,label\nr1,soon,a\n", "requests.feedback_row"),
        ("a.csv", b"request,number,label\nr1,-1,a\n", "requests.feedback_row"),
        ("a.csv", b"request,number,label\nr1,1048576,a\n", "requests.feedback_row"),
        ("a.csv", b"request,bought\nr1,nan\n", "requests.feedback_row"),
        ("a.csv", b"request,bought\nr1,1e999\n", "requests.feedback_row"),
        ("a.jsonl", b'{"request": "r1", "bought": 1' + b"0" * 400 + b"}", "requests.feedback_row"),
        ("a.jsonl", b'{"request": "r1", "at": NaN, "bought": 1}', "requests.feedback_row"),
        ("a.jsonl", b'{"request": "r1"}\n{"req', "requests.feedback_row"),
        ("a.jsonl", b"[1]\n", "requests.feedback_row"),
        ("a.csv", b"request,label\nr1,\xc4\xe3\n", "requests.feedback_file"),
        ("none.csv", None, "data.missing"),
    ],
)
def test_what_is_no_feedback(tmp_path, name, content, code):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TunebookError) as caught:
        read_feedback(path, 0.0)
    assert caught.value.code == code and str(caught.value)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(TunebookError):
        read_feedback(tmp_path, 0.0)


def test_moments():
    assert moment("1970-01-02", 0.0) == 86_400.0 and moment("1970-01-01T01:00+01:00", 0.0) == 0.0
    assert moment("2h", 10_000.0) == 2_800.0 and moment("1.5d", 0.0) == -129_600.0
    assert shown(61.5) == "1970-01-01 00:01:01"
    for bad in ("yesterday", "", "2026-13-01", "5y"):
        with pytest.raises(DataError) as caught:
            moment(bad, 0.0)
        assert caught.value.code == "requests.moment"
