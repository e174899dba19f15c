"""How far the rows of a book are used up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import logged
from tunebook.stats.sequential import family_error
from tunebook.verbs.abtest.logged_tests import opened, opened_by, openings, pending, rows_use, trial_seeds, trials_of
from tunebook.verbs.steps.book import Book


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return logged.make_book(tmp_path / "book")


def test_tables_are_counted_once_whatever_they_were_tested_against(book: Book) -> None:
    assert rows_use(book, 0.05)["tests_on_these_rows"] == 0
    three = logged.add_version(book, {"batch_size": 16})
    for test, (a, b) in {"k": (1, 2), "l": (1, 2), "m": (1, three), "n": (2, three)}.items():
        logged.tested(book, a, b, test=test)
    logged.tested(book, 1, 2, test="o")
    book.log.append("test", evidence={"test": "p", "a": 1, "b": 1, "content": "other rows"})
    found = rows_use(book, 0.3)
    assert found["tests_on_these_rows"] == 2
    assert found["family_error"]["validation"] > 0.3, "the error of this test, not of the gate's"
    assert found["family_error"] == {
        "validation": family_error(2, 0.3), "proven": family_error(2, book.file.gate.alpha, proofs=2),
    }  # fmt: skip


def test_openings_are_those_of_the_log(book: Book) -> None:
    fresh = {"test_scores": {"fresh": {"seeds": [1001], "runs": {}}}}
    book.log.append("open", table=2, evidence=fresh)
    book.log.append("test", evidence={"split": "test"})
    logged.promoted(book, 2)
    before = logged.promoted(book, 1)
    assert "test_scores" not in before.evidence
    opening = book.log.append("opening", table=2, evidence={"opening": {"seeds": [1001]}})
    assert openings(book) == 3
    fresh["test_scores"]["fresh"]["opening"] = opening.number
    outcome = book.log.append("open", table=2, evidence=fresh)
    assert opened_by(outcome) == opening.number and trial_seeds(opening) == trial_seeds(outcome) == [1001]
    assert openings(book) == 3, "an opening and what came of it are one"
    assert [entry.action for entry in trials_of(book)] == ["open", "open"]
    assert not trial_seeds(before) and opened_by(before) is None
    folder = book.path / "runs" / "r1"
    folder.mkdir(parents=True)
    (folder / "report.json").write_text("{}")
    assert opened(book) == {"logged": 3, "runs": 1}


def test_an_opening_waits_until_something_comes_of_it(book: Book) -> None:
    named = {"verdict": {"a_values": "a", "b_values": "b", "content": "c"}}
    assert pending(book, ("a", "b", "c")) is None
    first, _ = (book.log.append("opening", evidence={**named, "opening": {"seeds": [1001]}}) for _ in range(2))
    assert pending(book, ("a", "b", "c")) == first == pending(book) and pending(book, ("a", "x", "c")) is None
    for number in (first.number, first.number + 1):
        assert pending(book, ("a", "b", "c")) is not None
        book.log.append("open", evidence={**named, "test_scores": {"fresh": {"seeds": [1001], "opening": number}}})
    assert pending(book, ("a", "b", "c")) is None
