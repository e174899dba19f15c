"""A rollout from look to look: it goes on, waits, ends, and leaves its reasons in the log."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from tests.logged import make_book
from tests.rolled import Traffic, begun

from tunebook.core.errors import BookError
from tunebook.rollout.evidence import Evidence
from tunebook.rollout.state import state, write
from tunebook.rollout.step import MACHINE, act, decided, look, step

QUICK = {"stages": [0, 50, 100], "min_requests": 20}


@pytest.fixture
def book(tmp_path):
    return make_book(tmp_path / "book")


def events(book):
    return [entry.evidence["event"] for entry in book.log.entries("rollout")]


def test_without_a_rollout_nothing_is_decided(book):
    write(book, state(book), "deploy", {"run": "a"})
    found = look(book, None, 0.0)
    assert (found.decision, found.evidence, found.why) == ("none", (), None)
    assert step(book, None, 0.0) == state(book)


def test_a_healthy_one_goes_to_the_last_stage_and_waits_for_a_person(book):
    begun(book, **QUICK)
    traffic = Traffic(book).go(10)
    assert look(book, traffic.log, traffic.now).decision == "hold"
    traffic.go(20)
    assert step(book, traffic.log, traffic.now).stage == 2
    assert look(book, traffic.log, traffic.now).requests == 0
    traffic.go(80)
    found = look(book, traffic.log, traffic.now)
    assert found.decision == "ready"
    assert step(book, traffic.log, traffic.now).stage == 2
    assert events(book) == ["deploy", "start", "stage"]
    assert found.to_json().keys() == {"stage", "share", "requests", "evidence", "decision"}
    json.dumps(found.to_json(), allow_nan=False)


def test_a_machine_finishes_where_the_book_says_so(book):
    begun(book, **QUICK, promotes="machine")
    traffic = Traffic(book)
    for _ in range(3):
        traffic.go(80)
        found = step(book, traffic.log, traffic.now)
    assert (found.live, found.candidate, found.before) == ("b", None, ("a",))
    entry = book.log.entries("rollout")[-1]
    assert entry.actor == MACHINE
    assert entry.evidence["seen"]["decision"] == "go on"
    assert not entry.forced


def test_what_fails_is_stopped_and_everybody_has_the_live_one_again(book):
    begun(book, stages=[5, 100], min_requests=1000)
    traffic = Traffic(book, lambda n, new, rng: {"status": 500 if new and n % 2 else 200})
    while state(book).candidate and traffic.n < 4000:
        traffic.go(50)
        step(book, traffic.log, traffic.now)
    found = state(book)
    assert (found.live, found.candidate, found.event) == ("a", None, "abort")
    assert traffic.n <= 2000
    entry = book.log.entries("rollout")[-1]
    assert "errors" in entry.reason
    seen = {item["name"]: item for item in entry.evidence["seen"]["evidence"]}
    assert not seen["errors"]["ok"]
    assert seen["errors"]["e_value"] >= seen["errors"]["limit"]


def test_a_look_is_the_same_however_often_it_is_taken(book):
    begun(book, **QUICK)
    traffic = Traffic(book).go(30)
    assert look(book, traffic.log, traffic.now) == look(book, traffic.log, traffic.now)
    step(book, traffic.log, traffic.now)
    assert step(book, traffic.log, traffic.now) == step(book, traffic.log, traffic.now)
    assert events(book) == ["deploy", "start", "stage"]


def test_who_is_slower_does_nothing(book):
    begun(book, **QUICK)
    traffic = Traffic(book).go(30)
    found = look(book, traffic.log, traffic.now)
    assert act(book, found).stage == 2
    assert act(book, found) == state(book)  # decided on the stage before
    assert events(book) == ["deploy", "start", "stage"]


def test_a_log_that_is_locked_is_told(book, monkeypatch):
    begun(book, **QUICK)
    traffic = Traffic(book).go(30)
    found = look(book, traffic.log, traffic.now)

    def locked(self, change, expected):
        raise BookError("log.locked", key="log")

    monkeypatch.setattr("tunebook.knowledge.log.ChangeLog.follow", locked)
    with pytest.raises(BookError):
        act(book, found)


def test_a_stage_lasts_as_long_as_the_rules_say(book):
    begun(book, **QUICK, min_minutes=1)
    traffic = Traffic(book).go(30)
    assert "minutes" in look(book, traffic.log, traffic.now).why
    assert look(book, traffic.log, traffic.now + 61).decision == "go on"


def test_evidence_decides_in_this_order(book):
    found = begun(book, **QUICK)
    broken = Evidence("sample_ratio", 9.0, 100, "hold")
    failing = Evidence("errors", 9.0, 100, "abort")
    strange = Evidence("bought", 0.0, 100, "abort", strange=1)
    late = found.since + 1
    assert decided(found, (broken,), 500, late)[0] == "hold"
    why = decided(found, (broken, strange), 500, late)[1]
    assert why is not None and why.endswith("share of the draw, bought")
    assert why.in_language("zh").endswith("分流比例、bought")  # a column is called as it is
    assert decided(found, (strange,), 500, late)[0] == "hold"
    assert decided(found, (broken, failing, strange), 0, late)[0] == "abort"
    assert decided(replace(found, stage=3), (), 500, late)[0] == "ready"


def test_few_users_who_ask_much_do_not_hide_a_failing_model(book):
    begun(book, stages=[50, 100], min_requests=10_000)
    traffic = Traffic(book, lambda n, new, rng: {"status": 500 if new and rng.random() < 0.3 else 200}, users=6).go(600)
    assert look(book, traffic.log, traffic.now).decision == "abort"
