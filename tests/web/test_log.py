"""The change log on its pages: searched, checked, each entry with its evidence."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from tests.logged import make_book
from tests.web.visitor import Visitor, words_of

from tunebook.verbs.promote import rollback
from tunebook.verbs.steps.book import Book
from tunebook.web.pages.log import PAGE, searched


@pytest.fixture
def book(tmp_path: Path) -> Book:
    made = make_book(tmp_path / "book")
    made.log.append("test", actor="Bob <b>", reason="a better rate & more", table=2, evidence={"test": "t12"})
    return made


def test_entries_are_found_by_words_and_people(book: Book) -> None:
    visitor, at = Visitor(book.path), f"/book/book/{PAGE.tab}"
    page = visitor.get(at).text
    assert "v1 is in force" in page and "larger steps" in page and "Bob &lt;b&gt;" in page and "Bob <b>" not in page
    page = visitor.get(at, params={"q": "BETTER RATE"}).text
    assert "a better rate" in page and "larger steps" not in page
    page = visitor.get(at, params={"who": "Ada"}).text
    assert "larger steps" not in page and "No entry is like that" in visitor.get(at, params={"q": "zzz"}).text
    entries = book.log.entries()
    assert searched(entries, "", "") == entries and [item.table for item in searched(entries, "v2", "Bob")] == [2]


def test_long_logs_come_in_parts_and_keep_the_question(book: Book) -> None:
    for number in range(60):
        book.log.append("recommend", actor="Ada", reason=f"thought {number}")
    page = Visitor(book.path).get("/book/book/log?q=thought&who=Ada").text
    assert "thought 59" in page and "thought 5<" not in page and "?q=thought&amp;who=Ada&amp;page=2" in page
    assert "thought 0" in Visitor(book.path).get("/book/book/log?q=thought&who=Ada&page=2").text


def test_an_entry_shows_its_evidence(book: Book) -> None:
    visitor = Visitor(book.path)
    number = book.log.entries()[-1].number
    page = visitor.get(f"/book/book/log/{number}").text
    assert "&#34;test&#34;: &#34;t12&#34;" in page and "/book/book/ab/t12" in page
    assert "log_page.none" in visitor.get("/book/book/log/99").text


def test_a_chain_that_was_touched_is_told(book: Book) -> None:
    visitor = Visitor(book.path)
    part = visitor.get("/book/book/log/chain", headers={"hx-request": "true"}).text
    assert "✓" in part and "<!doctype" not in part
    with sqlite3.connect(book.log.path) as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE entries SET actor = 'Eve' WHERE number = 2")
    db.close()
    whole = words_of(visitor.get("/book/book/log/chain").text)
    assert "✓" not in whole and "2" in whole and "--verify" in whole
    assert rollback.__doc__
