"""Promotion and rollback on pages: weighed, confirmed with a reason, and never against a champion that has changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.books import base, proven, proven_path  # noqa: F401
from tests.logged import add_version, make_book
from tests.web.test_run import Idle
from tests.web.visitor import Visitor, words_of

from tunebook.verbs.promote import promote as act
from tunebook.verbs.steps.book import Book, open_book
from tunebook.web.jobs import Jobs
from tunebook.web.pages.promote import PAGE

Patch = pytest.MonkeyPatch


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return make_book(tmp_path / "book")


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "home"))


def form(**given: Any) -> dict[str, Any]:
    return {"champion": "v1", "reason": "larger steps", **given}


def test_what_is_not_proven_is_refused_with_the_way_out(book: Book) -> None:
    visitor = Visitor(book.path)
    page = visitor.get("/book/book/promote/v2").text
    assert 'role="alert"' in page and "without proof" in page and PAGE.tab == ""
    assert "/book/book/ab/new?a=v1&amp;b=v2&amp;look=1" in page  # where the proof comes from
    answer = visitor.submit("/book/book/promote/v2", form())
    assert answer.status_code == 409 and "promote." in answer.text and book.tables.champion == 1
    assert Jobs(book.path).all() == [] and "table.no_version" in visitor.get("/book/book/promote/v9").text
    assert "without proof" not in visitor.get("/book/book/promote/v1").text


def test_force_needs_a_reason_and_is_marked(book: Book) -> None:
    visitor = Visitor(book.path)
    answer = visitor.submit("/book/book/promote/v2", form(force="1", reason="  "))
    assert "promote.reason" in answer.text and book.tables.champion == 1
    answer = visitor.submit("/book/book/promote/v2", form(force="1"), follow_redirects=False)
    assert answer.headers["location"] == "/book/book/log"
    entry = book.log.entries()[-1]
    assert (entry.table, entry.actor, entry.reason, entry.forced) == (2, "ann", "larger steps", True)


def test_a_champion_that_changed_meanwhile_is_told(book: Book) -> None:
    visitor, third = Visitor(book.path), add_version(book, {"max_epochs": 2})
    act(book, 2, force=True, reason="somebody else")
    for path in (f"/book/book/promote/v{third}", "/book/book/rollback"):
        answer = visitor.submit(path, form(force="1", to="v1"))
        assert answer.status_code == 409 and "log_page.moved" in answer.text and "v2" in words_of(answer.text)
    assert book.tables.champion == 2


def test_a_former_champion_comes_back(book: Book) -> None:
    visitor = Visitor(book.path)
    assert "nothing to go back to" in visitor.get("/book/book/rollback").text
    act(book, 2, force=True, reason="tried")
    page = visitor.get("/book/book/rollback").text
    assert '<option value="v1" selected>' in page
    assert "promote.reason" in visitor.submit("/book/book/rollback", form(champion="v2", reason="")).text
    visitor.submit("/book/book/rollback", form(champion="v2", to="v1", reason="it was worse"))
    entry = book.log.entries()[-1]
    assert (entry.action, entry.table, entry.actor) == ("rollback", 1, "ann")


def test_a_proven_table_is_promoted_by_a_command_of_its_own(proven: Book, monkeypatch: Patch) -> None:  # noqa: F811
    monkeypatch.setattr("tunebook.web.jobs.subprocess.Popen", Idle)
    visitor, at = Visitor(proven.path), f"/book/{proven.path.name}/promote/v3"
    page = words_of(visitor.get(at).text)
    assert "1001, 1002, 1003" in page and "0 / 6" in page and "without proof" not in page
    for _ in range(2):
        answer = visitor.submit(at, form(champion="v2", reason="--force"), follow_redirects=False)
    (job,) = Jobs(proven.path).all()
    assert answer.headers["location"].endswith(f"/work/{job.number}")
    assert job.words[2:] == ["v3", "--reason=--force", "--owner=ann"]
    assert open_book(proven.path).tables.champion == 2
