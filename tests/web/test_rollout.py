"""A rollout on its page: shown where there is one, its steps confirmed with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.logged import make_book
from tests.rolled import Traffic, make_run
from tests.web.visitor import Visitor, words_of

from tunebook.report.named import title_of
from tunebook.requests.log import open_log
from tunebook.rollout.state import state
from tunebook.verbs.rollout import deploy, start
from tunebook.verbs.steps.book import Book
from tunebook.web.pages.rollout import FORCED, PAGE, PAGE_FILE, may_roll

AT = "/book/book/rollout"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    made = make_book(tmp_path / "book")
    for name in ("old", "new"):
        make_run(made, name, 1)
    return made


def begun(book: Book) -> Visitor:
    deploy(book, "old", actor="Ada")
    start(book, "new", {"stages": [0, 50, 100], "min_requests": 10}, actor="Ada", reason="newer rows")
    return Visitor(book.path)


def step(visitor: Visitor, book: Book, name: str, **more: str):
    form = {"entry": str(state(book).entry), "reason": "asked for", **more}
    return visitor.submit(f"{AT}/{name}", form)


def test_it_is_shown_where_there_is_something_to_roll_out(book: Book, tmp_path: Path) -> None:
    assert may_roll(book) and PAGE.shown(book) and AT in Visitor(book.path).get("/book/book/log").text
    empty = make_book(tmp_path / "empty")
    assert not may_roll(empty) and "rollout" not in Visitor(empty.path).get("/book/empty/log").text
    deploy(book, "old", actor="Ada")
    assert "old" in words_of(Visitor(book.path).get(AT).text)


def test_where_it_stands_and_what_speaks_for_it(book: Book) -> None:
    visitor = begun(book)
    page = visitor.get(AT).text
    assert 'aria-current="step">0 %' in page and "newer rows" in page
    assert all(f'href="{AT}/{name}"' in page for name in ("next", "abort", "finish"))
    assert "rollout_page" not in page and f'href="{AT}/back"' not in page
    log = open_log(book.path)
    Traffic(book, log=log).go(15)
    log.close()
    page = words_of(visitor.get(AT).text)
    assert "15 / 10" in page or "/ 10" in page


def test_steps_are_confirmed_and_logged(book: Book) -> None:
    visitor = begun(book)
    for name in ("next", "abort", "finish", "back"):
        page = visitor.get(f"{AT}/{name}").text
        assert 'name="reason"' in page and ('name="force"' in page) == (name in FORCED)
    assert "ui.page" in visitor.get(f"{AT}/none").text
    refused = step(visitor, book, "next")
    assert refused.status_code == 409 and "rollout.silent" in refused.text
    assert ">asked for</textarea>" in refused.text and 'name="force"' in refused.text, "the form stays"
    assert (
        f'href="{AT}"' in refused.text and "the choice in the form" in refused.text and " checked" not in refused.text
    )
    unsaid = step(visitor, book, "next", reason=" ", force="1").text
    assert "rollout.reason" in unsaid and 'value="1" checked' in unsaid and state(book).stage == 1
    assert "rollout.reason" in step(visitor, book, "abort", reason=" ").text and state(book).candidate
    step(visitor, book, "next", force="1")
    assert state(book).stage == 2 and book.log.entries()[-1].actor == "ann" and book.log.entries()[-1].forced
    step(visitor, book, "finish", force="1")
    assert state(book).live == "new" and "asked for" in visitor.get(AT).text
    step(visitor, book, "back")
    assert state(book).live == "old"


def test_one_that_moved_on_meanwhile_is_told(book: Book) -> None:
    visitor = begun(book)
    answer = step(visitor, book, "abort", entry="1")
    assert f'name="entry" value="{state(book).entry}"' in answer.text and ">asked for</textarea>" in answer.text
    assert answer.status_code == 409 and "rollout_page.moved" in answer.text and state(book).candidate == "new"
    step(visitor, book, "abort")
    assert state(book).candidate is None


def test_runs_are_called_by_table_and_time(book: Book) -> None:
    visitor = begun(book)
    old, new = title_of(book.run("old"), book), title_of(book.run("new"), book)
    assert f"shadow: {new} answers beside {old}" in words_of(visitor.get(AT).text)
    assert f"{new} takes the place of {old}" in words_of(visitor.get(f"{AT}/finish").text)
    assert f"A rollout of {new} is under way" in words_of(visitor.get(f"{AT}/start").text)
    step(visitor, book, "finish", force="1")
    assert f"{new} answers all requests" in words_of(visitor.get(AT).text)
    assert f"{old} answers in place of {new}" in words_of(visitor.get(f"{AT}/back").text)


def test_its_page_is_written_and_framed(book: Book) -> None:
    deploy(book, "old", actor="Ada")
    visitor = Visitor(book.path)
    assert "rollout.no_page" in visitor.submit(f"{AT}/page").text
    start(book, "new", {"stages": [0, 50, 100], "min_requests": 10}, actor="Ada", reason="newer rows")
    visitor.submit(f"{AT}/page")
    assert (book.path / PAGE_FILE).is_file() and f"/book/book/file/{PAGE_FILE}" in visitor.get(AT).text


def test_what_cannot_be_looked_at_hides_nothing_else(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebook.core.errors import MachineError

    visitor = begun(book)

    def broken(book: Book) -> None:
        raise MachineError("log.unwritable", key="x", reason="y")

    monkeypatch.setattr("tunebook.verbs.rollout.status", broken)
    page = visitor.get(AT)
    assert page.status_code == 200 and "log.unwritable" in page.text and "newer rows" in page.text
