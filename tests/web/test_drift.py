"""Drift on its page: days in a frame, alarms that are open, and a word that they are known."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.logged import make_book
from tests.web.test_run import Idle
from tests.web.visitor import Visitor, words_of

from tunebook.verbs.steps.book import Book
from tunebook.watch.course import Alarm, Course, read_course, write_course
from tunebook.watch.reference import folder_of
from tunebook.watch.signals import Signal
from tunebook.web.jobs import Jobs
from tunebook.web.pages.drift import PAGE, days_of, has_days

AT = "/book/book/drift"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return make_book(tmp_path / "book")


def watched(book: Book) -> Visitor:
    folder = folder_of(book.path)
    folder.mkdir()
    for day in ("2026-11-30", "2026-12-01", "2026-12-01-rows"):
        (folder / f"{day}.html").write_text("<p>day</p>", encoding="utf-8")
    return Visitor(book.path)


def test_it_is_shown_once_something_was_looked_at(book: Book) -> None:
    assert not has_days(book) and AT not in Visitor(book.path).get("/book/book/log").text
    visitor = watched(book)
    assert PAGE.shown(book) and days_of(book)[0] == "2026-12-01-rows" and AT in visitor.get("/book/book/log").text
    page = visitor.get(AT).text
    assert "watch/2026-12-01-rows.html" in page and "No alarm is open" in page
    assert "watch/2026-11-30.html" in visitor.get(f"{AT}?day=2026-11-30").text
    assert "watch/2026-12-01-rows.html" in visitor.get(f"{AT}?day=../book").text
    assert visitor.get("/book/book/file/watch/2026-11-30.html").text == "<p>day</p>"


def test_alarms_are_known_once_somebody_says_so(book: Book) -> None:
    visitor = watched(book)
    signal = Signal.model_construct(
        name="answer.label", kind="share", statistic=1.0, p_value=1e-6, alarm=True, old=0.1, new=0.5, where="c0"
    )
    alarm = Alarm.model_construct(number=3, at=1.0, run="r1", signal=signal, acknowledged=0.0, over=False, sent=True)
    course = Course.model_construct(alarms=[alarm], short=[])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tunebook.web.pages.drift.read_course", lambda folder: course)
        page = words_of(visitor.get(AT).text)
    assert "These alarms are known" in page and "r1" in page and "--ack" in page
    answer = visitor.submit(f"{AT}/ack", follow_redirects=False)
    assert answer.headers["location"] == AT
    write_course(Course(), folder_of(book.path))
    assert read_course(folder_of(book.path)).alarms == []


def test_a_look_is_a_command_of_its_own(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tunebook.web.jobs.subprocess.Popen", Idle)
    visitor = watched(book)
    for _ in range(2):
        visitor.submit(AT)
    (job,) = Jobs(book.path).all()
    assert job.words == ["drift", str(book.path)]
