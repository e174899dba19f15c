"""Which verdict speaks about a table; the decisions on it are tested with `promote`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import logged
from tunebook.verbs.abtest.verdicts import fitting_verdicts, is_logged, mismatch, read_verdict
from tunebook.verbs.steps.book import Book


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return logged.make_book(tmp_path / "book")


def test_none_where_nothing_was_tested(book: Book) -> None:
    assert fitting_verdicts(book, book.tables.get(2)) == []
    logged.verdict(book, 2, 1)
    assert fitting_verdicts(book, book.tables.get(2)) == []


def test_a_fitting_one_before_a_newer_one_that_does_not_fit(book: Book) -> None:
    fits = logged.verdict(book, 1, 2, test="a")
    logged.verdict(book, 1, 2, test="b", content="other")
    (found,) = fitting_verdicts(book, book.tables.get(2))
    assert found.test == "a"
    assert mismatch(book, book.tables.get(2), found) is None
    (fits.path / "verdict.json").unlink()
    (other,) = fitting_verdicts(book, book.tables.get(2))
    assert other.test == "b"
    wrong = mismatch(book, book.tables.get(2), other)
    assert wrong is not None and wrong.code == "promote.other_rows"


@pytest.mark.parametrize("text", [None, "", "{", '{"test": "x"}'])
def test_a_verdict_that_cannot_be_read_is_none(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "verdict.json"
    if text is not None:
        path.write_text(text)
    assert read_verdict(path) is None


def test_what_the_log_knows_of_a_test(book: Book) -> None:
    found = logged.verdict(book, 1, 2)
    assert not is_logged(book, found)
    book.log.append("search", evidence={"test": found.test})
    assert not is_logged(book, found)
    book.log.append("test", evidence={"test": found.test})  # an entry may say little, but nothing else
    assert is_logged(book, found)
    assert is_logged(book, found.model_copy(update={"b": 9}))  # a version that is gone cannot be compared
    assert not is_logged(book, found.model_copy(update={"a_values": "x"}))
    logged.log_test(book, found)
    assert is_logged(book, found)
    assert not is_logged(book, found.model_copy(update={"upper": 0.9}))
