"""How evidence came about, from the logs alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.logged import make_book
from tests.rolled import MemoryLog, Traffic, begun

from tunebook.knowledge import log as module
from tunebook.rollout.course import course
from tunebook.rollout.state import state, write
from tunebook.rollout.step import look, step


@pytest.fixture
def rolled(tmp_path, monkeypatch):
    """A rollout of two stages in the time of its traffic, which is in the second."""
    book = make_book(tmp_path / "book")
    begun(book, stages=[0, 50, 100], min_requests=20)
    traffic = Traffic(book)
    clock = {"add": 0.0}

    def now():
        at = datetime.fromtimestamp(traffic.now + clock["add"], UTC)
        return at.isoformat(timespec="milliseconds")

    monkeypatch.setattr(module, "_now", now)
    step(book, traffic.go(30).log, traffic.now)
    return traffic.go(30)


def test_the_last_moment_is_now_and_stages_follow_each_other(rolled):
    found = course(rolled.book, rolled.log, rolled.now, 6)
    assert [one.look.state.stage for one in found] == [1, 1, 1, 2, 2, 2]
    assert [one.requests for one in found] == sorted(one.requests for one in found)
    assert found[-1].requests == 60
    assert found[-1].look == look(rolled.book, rolled.log, rolled.now)


def test_one_that_has_ended_stays_to_be_seen(rolled):
    write(rolled.book, state(rolled.book), "abort", {})
    rolled.n += 500
    write(rolled.book, state(rolled.book), "finish", {"run": "c"})  # what comes later is no part of it
    found = course(rolled.book, rolled.log, rolled.now, 3)
    assert found[-1].requests == 60
    assert found[-1].look.state.candidate == "b"


def test_before_the_first_there_is_none(tmp_path):
    book = make_book(tmp_path / "book")
    assert course(book, MemoryLog(), 1.0) == []
    write(book, state(book), "deploy", {"run": "a"})
    assert course(book, MemoryLog(), 1.0) == []
