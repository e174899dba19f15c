"""Runs are called by table, time and score; beside others by the shortest of these that tells them apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.logged import make_book
from tests.rolled import make_run
from tunebook.report.named import apart, named, short_names, title_of, titles
from tunebook.verbs.steps.book import Book

FIRST, SECOND, THIRD, TWIN = (
    f"20260101-000{place}00-{letter * 12}" for place, letter in ((0, "a"), (1, "b"), (2, "c"), (1, "d"))
)


@pytest.fixture
def book(tmp_path: Path) -> Book:
    made = make_book(tmp_path / "book")
    for name, table in ((FIRST, 1), (SECOND, 1), (THIRD, 2), (TWIN, 1)):
        make_run(made, name, table)
    return made


def test_names_tell_runs_apart(book: Book) -> None:
    first, second, third, twin = (book.run(name) for name in (FIRST, SECOND, THIRD, TWIN))
    assert short_names([first, third], book) == {FIRST: "v1", THIRD: "v2"}
    assert short_names([first, second], book) == {FIRST: "v1 · 2026-01-01 00:00", SECOND: "v1 · 2026-01-01 00:01"}
    assert short_names([second, twin], book) == {SECOND: SECOND, TWIN: TWIN}, "begun in the same minute"
    (third.path / "plan.json").write_text("{", encoding="utf-8")
    assert short_names([first, third], book) == {FIRST: "v1", THIRD: THIRD}
    assert short_names([], book) == {}


def test_headings_and_choices(book: Book) -> None:
    run = book.run(FIRST)
    assert titles([run], book) == {FIRST: title_of(run, book)} == {FIRST: "v1 · 2026-01-01 00:00"}
    assert named([run], book) == [(FIRST, f"v1 · 2026-01-01 00:00 · Seed 1 · {FIRST}")]
    assert apart(run, book) == ("", "")
