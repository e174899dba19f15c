"""Where a rollout stands: the fold of the log."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.logged import make_book

from tunebook.core.errors import BookError
from tunebook.core.operation import Rolling
from tunebook.rollout.state import State, deployed, fold, fold_on, state, write
from tunebook.verbs.steps.book import Book

RULES = Rolling(stages=[0, 10, 100]).model_dump(mode="json")
START = {"run": "b", "rules": RULES}


@pytest.fixture
def book(tmp_path):
    return make_book(tmp_path / "book")


def test_nothing_is_live_before_the_first(book):
    assert state(book) == State()
    assert (State().share, State().shadow) == (0, False)


def test_a_rollout_from_its_start_to_its_end(book):
    live = write(book, state(book), "deploy", {"run": "a"}, actor="Ada")
    assert (live.live, live.candidate, live.stage, live.share) == ("a", None, 0, 0)
    shadow = write(book, live, "start", START, reason="better")
    assert (shadow.live, shadow.candidate, shadow.stage, shadow.share) == ("a", "b", 1, 0)
    assert shadow.shadow
    assert not shadow.last
    assert shadow.salt != live.salt
    some = write(book, shadow, "stage", {"stage": 2})
    assert (some.share, some.shadow, some.salt, some.begun) == (10, False, shadow.salt, shadow.begun)
    assert some.since >= some.begun > 0
    every = write(book, some, "stage", {"stage": 3})
    assert every.last
    done = write(book, every, "finish", {"run": "b"})
    assert (done.live, done.before, done.candidate, done.stage, done.share) == ("b", ("a",), None, 0, 0)
    back = write(book, done, "back", {"run": "a"})
    assert (back.live, back.before) == ("a", ())
    assert state(book) == back
    assert next(entry.actor for entry in book.log.entries("rollout")) == "Ada"


def test_an_abort_leaves_what_was_live(book):
    write(book, State(), "deploy", {"run": "a"})
    begun = write(book, state(book), "start", START, forced=True)
    assert begun.forced
    ended = write(book, begun, "abort", {"evidence": []})
    assert (ended.live, ended.candidate, ended.stage, ended.forced, ended.event) == ("a", None, 0, False, "abort")


def test_who_is_slower_changes_nothing(book):
    seen = state(book)
    write(book, seen, "deploy", {"run": "a"})
    with pytest.raises(BookError) as caught:
        write(book, seen, "deploy", {"run": "b"})
    assert caught.value.code == "log.followed"
    assert state(book).live == "a"


@pytest.mark.parametrize(
    "said",
    [
        {}, {"event": "jump"}, {"event": "stage", "stage": 2}, {"event": "start", "run": "b"},
        {"event": "back", "run": "never"}, {"event": "stage", "stage": "x"}, {"event": "deploy"},
    ],
)  # fmt: skip
def test_an_entry_that_nobody_writes_is_told(book, said):
    book.log.append("rollout", evidence=said)
    with pytest.raises(BookError) as caught:
        state(book)
    assert caught.value.code == "log.edited"


def test_a_stage_that_there_is_not(book):
    write(book, State(), "deploy", {"run": "a"})
    begun = write(book, state(book), "start", START)
    with pytest.raises(ValueError, match="4"):
        write(book, begun, "stage", {"stage": 4})


def test_a_fold_goes_on_from_any_state(book):
    write(book, State(), "deploy", {"run": "a"})
    write(book, state(book), "start", START)
    entries = book.log.entries("rollout")
    assert fold_on(fold(entries[:1]), entries[1]) == fold(entries) == state(book)


class _Run:
    id = "champions"


def test_the_champions_run_goes_live_once(book, monkeypatch):
    monkeypatch.setattr(Book, "run", lambda self, name: _Run())
    assert deployed(book, "Ada").live == "champions"
    assert deployed(book).live == "champions"
    assert len(book.log.entries("rollout")) == 1


@pytest.mark.parametrize("code", ["log.followed", "log.locked"])
def test_two_servers_that_start_at_once(book, monkeypatch, code):
    def raced(self, change, expected):
        self.append("rollout", evidence={"event": "deploy", "run": "other"})
        raise BookError(code, key="log", found=1, expected=0)

    monkeypatch.setattr(Book, "run", lambda self, name: _Run())
    monkeypatch.setattr("tunebook.knowledge.log.ChangeLog.follow", raced)
    if code == "log.followed":
        assert deployed(book).live == "other"
        return
    with pytest.raises(BookError):
        deployed(book)


_RACER = """
import sys
from pathlib import Path
from tunebook.core.errors import BookError
from tunebook.rollout.state import state, write
from tunebook.verbs.steps.book import Book
book, won = Book(Path(sys.argv[1])), 0
for turn in range(15):
    seen = state(book)
    try:
        write(book, seen, "start", {"run": sys.argv[2], "rules": {"stages": [0, 100]}})
        won += 1
    except BookError as error:
        assert error.code in ("log.followed", "log.locked"), error
print(won)
"""


def test_many_processes_write_one_line_of_events(book):
    """Each accepted event rests on the one before it: as many entries as writers were told of, and the chain whole."""
    write(book, State(), "deploy", {"run": "a"})
    racers = [
        subprocess.Popen([sys.executable, "-c", _RACER, str(book.path), name], stdout=subprocess.PIPE, text=True)
        for name in ("b", "c")
    ]
    won = [int(racer.communicate()[0]) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0]
    entries = book.log.entries("rollout")
    assert len(entries) == 1 + sum(won)
    assert sum(won) >= 15
    assert book.log.verify().ok
