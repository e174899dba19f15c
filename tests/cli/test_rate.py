"""tunebook rate, as one types it: begin, rate, send files out and home, decide, and the result."""

from __future__ import annotations

import csv
import io
import sys

import pytest
from tests.rated import make_session, rate_all

from tunebook.cli.rate_options import Begin, Mine
from tunebook.cli.rate_screen import plain
from tunebook.rating.study import Study
from tunebook.verbs.abtest.verdicts import newest_verdicts


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.setenv("TUNEBOOK_LANG", "en")


@pytest.fixture
def runs(proven):
    (verdict,) = newest_verdicts(proven)
    return ",".join(verdict.extra["runs"][side][0] for side in "ab")


@pytest.fixture
def typed(monkeypatch):
    """What somebody types, line by line."""

    def give(text):
        monkeypatch.setattr(sys, "stdin", io.StringIO(text))

    return give


def test_from_a_study_to_its_result(tunebook, proven, runs, typed, tmp_path):
    book = proven.path
    assert "no rating study" in tunebook("rate", book).out
    begun = tunebook("rate", book, "new", "--runs", runs, "--raters", "ann,bo", "--rows", 6, "--overlap", "100%")
    assert begun.code == 0 and "rate" in begun.out and "next --rater ann" in begun.out
    assert "answer" in begun.out.casefold()
    typed("q\n")
    assert "result" not in tunebook("rate", book, "next", "--rater", "ann").out, "nothing is rated yet"
    typed("1\nx\n2\nu\n0\nq\n")
    rated = tunebook("rate", book, "next", "--rater", "ann")
    assert "first (1)" in rated.out and "x? 1 | 2 | 0" in rated.out and "2 of 6 items are rated" in rated.out
    assert "rate result" in rated.out.replace(str(book), "").replace("  ", " ")
    assert not any(run in rated.out for run in runs.split(","))
    item = tunebook("rate", book, "next", "--rater", "bo", "--json").json
    assert item["done"] == 0 and len(item["sides"]) == 2 and item["questions"][0]["allowed"] == ["1", "2", "0"]
    kept = tunebook("rate", book, "answer", "--rater", "bo", "--item", item["item"], "--value", "left", "--json").json
    assert kept["fresh"] == 1
    assert tunebook("rate", book, "undo", "--rater", "bo", "--json").json == {"item": item["item"]}
    assert "nothing to take back" in tunebook("rate", book, "undo", "--rater", "bo").out
    out = tmp_path / "out.csv"
    assert tunebook("rate", book, "export", "--out", out, "--json").json["raters"] == ["ann", "bo"]
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows({**row, "value": "1"} for row in rows)
        writer.writerow({**rows[0], "item": "zzz", "value": "1"})
    back = tunebook("rate", book, "import", "--file", out)
    assert back.code == 1 and "row 13: There is no item 'zzz'" in back.out
    found = tunebook("rate", book, "result")
    assert "Krippendorff" in found.out and "decide" in found.out and "result.html" in found.out
    assert tunebook("rate", book, "result", "--json").json["ratings"] == 12
    listed = tunebook("rate", book, "--json").json["studies"]
    assert [one["done"] for one in listed[0]["raters"]] == [6, 6]
    assert "result" in tunebook("rate", book).out


def test_an_arbiter_decides_on_the_screen_and_by_name(tunebook, proven, typed):
    session = make_session(proven.path, rows=3, raters=["ann", "bo"], overlap=1.0)
    for rater in ("ann", "bo"):
        for item in ("p0-01", "p1-01"):
            session.give(rater, item, {"overall": "1"})
    item = tunebook("rate", proven.path, "decide", "--rater", "chief", "--json").json["item"]
    assert tunebook("rate", proven.path, "decide", "--rater", "chief", "--item", item, "--value", "1").code == 0
    typed("u\n")
    assert "to be decided" in tunebook("rate", proven.path, "decide", "--rater", "chief").out
    typed("2\n")
    assert "No disagreement waits" in tunebook("rate", proven.path, "decide", "--rater", "chief").out
    assert all(case.arbiter for case in session.disagreements())
    assert tunebook("rate", proven.path, "decide", "--rater", "chief", "--json").json["item"] is None


def test_points_by_several_questions(tunebook, proven, typed):
    session = make_session(proven.path, rows=2, kinds=("scores",), keys=("accuracy", "safety"))
    call = ("rate", proven.path, "answer", "--rater", "ann", "--item", "s0-0")
    assert tunebook(*call, "--value", "accuracy=4", "--value", "safety=5").code == 0
    typed("3\n")
    tunebook("rate", proven.path, "next", "--rater", "bo")
    typed("5\n5\n" * 4)
    assert "has rated everything" in tunebook("rate", proven.path, "next", "--rater", "ann").out
    typed("u\n")
    assert "Taken back" in tunebook("rate", proven.path, "next", "--rater", "bo").out
    rate_all(session, "ann")
    assert "by itself" in tunebook("rate", proven.path, "result").out
    assert tunebook("rate", proven.path, "next", "--rater", "ann", "--json").json["item"] is None


def test_a_class_is_wrong_or_right(tunebook, proven, runs, typed):
    run = runs.split(",")[0]
    assert tunebook("rate", proven.path, "new", "--runs", run).code == 0
    typed("2\nq\n")
    told = tunebook("rate", proven.path, "next", "--rater", "ann").out
    assert "1 wrong · 2 right" in told and "worst" not in told
    asked = tunebook("rate", proven.path, "next", "--rater", "ann", "--json").json["questions"]
    assert asked[0]["means"] == "1: wrong. 2: right."


def test_test_rows_are_told_as_such(tunebook, proven, runs):
    assert "test rows" in tunebook("rate", proven.path, "new", "--runs", runs, "--split", "test").out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("dance",), "cli.option"),
        (("new",), "rate.needs"),
        (("next",), "rate.needs"),
        (("import",), "rate.needs"),
        (("export",), "rate.needs"),
        (("answer", "--rater", "ann"), "rate.needs"),
        (("decide", "--rater", "ann", "--item", "x"), "rate.needs"),
        (("result", "--rater", "ann"), "rate.option"),
        (("next", "--rater", "ann", "--rows", "3"), "rate.option"),
        (("next", "--rater", " "), "rate.who"),
        (("result", "--study", "zz"), "rate.no_study"),
        (("new", "--runs", "champion", "--overlap", "x"), "cli.option"),
    ],
)
def test_calls_that_are_refused(tunebook, proven, words, code):
    make_session(proven.path, rows=2)
    assert tunebook("rate", proven.path, *words, "--json").json["error"]["code"] == code


def test_keys_are_read_from_a_terminal(monkeypatch, tunebook, proven):
    make_session(proven.path, rows=2)
    pressed = iter("12")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.getchar", lambda: next(pressed))
    assert "has rated everything" in tunebook("rate", proven.path, "next", "--rater", "ann").out

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("click.getchar", interrupted)
    assert "0 of 2" in tunebook("rate", proven.path, "next", "--rater", "bo").out


def test_a_text_moves_no_cursor():
    assert plain("a\x1b[31mb\nc\u202e") == "a\ufffd[31mb\nc\ufffd"


def test_a_study_record_is_what_the_file_says(proven):
    session = make_session(proven.path, rows=2)
    assert Study.model_validate_json(session.study.model_dump_json()) == session.study


def test_options_are_those_of_one_action():
    assert not set(Begin.__dataclass_fields__) & set(Mine.__dataclass_fields__)
    wanted = Begin(raters="ann、bo", overlap="50%", rows=7, by="a,b").wanted()
    assert (wanted.raters, wanted.overlap, wanted.rows, wanted.by) == (("ann", "bo"), 0.5, 7, ("a", "b"))
