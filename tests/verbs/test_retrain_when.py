"""Schedules: what cron and systemd are given, and what runs in the foreground."""

from __future__ import annotations

import shlex
import sys
import time
from types import SimpleNamespace

import pytest

from tests import logged
from tunebook.core.cron import recurs
from tunebook.core.errors import BookError, MachineError, PlanError
from tunebook.core.operation import Retraining
from tunebook.verbs import retrain_when
from tunebook.verbs.retrain_when import Due, calendar, crontab, due, next_time, run_scheduled, units, words
from tunebook.verbs.steps.book import open_book
from tunebook.verbs.steps.book_file import BookFile, write_book_file


@pytest.fixture
def book(tmp_path, monkeypatch):
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "home"))
    made = logged.make_book(tmp_path / "100% mine")
    write_book_file(BookFile(task="text_classification", retrain=Retraining(when="monthly", new_labels=5)), made.path)
    return open_book(made.path)


def test_a_line_of_cron_can_be_run_by_a_shell(book):
    line = crontab(book, recurs("quarterly"), ["--from-log", "--new", "a b.csv"])
    fields, command = line.split(" ", 5)[:5], line.split(" ", 5)[5]
    assert fields == ["0", "3", "1", "1,4,7,10", "*"] and "\\%" in command
    parts = shlex.split(command.replace("\\%", "%"))
    assert parts[: parts.index(">>")] == words(book, ["--from-log", "--new", "a b.csv"])
    assert parts[0] == sys.executable and str(book.path.resolve()) in parts


def test_units_of_systemd(book):
    files = units(book, recurs("weekly"), ["--from-log", "--new", "a b$.csv"])
    service, timer = files["tunebook-retrain-100--mine.service"], files["tunebook-retrain-100--mine.timer"]
    assert "OnCalendar=Mon *-*-* 03:00:00\n" in timer and "Persistent=true" in timer
    (line,) = [line for line in service.splitlines() if line.startswith("ExecStart=")]
    place = str(book.path.resolve()).replace("%", "%%")
    assert "100%% mine" in line and line.endswith(f'retrain "{place}" --from-log --new "a b$$.csv"')


def test_what_was_asked_for_goes_before_the_book(book):
    assert calendar(book, None) == recurs("monthly") and calendar(book, "0 1 * * *") == recurs("0 1 * * *")
    write_book_file(BookFile(task="text_classification"), book.path)
    with pytest.raises(PlanError) as caught:
        calendar(open_book(book.path), None)
    assert caught.value.code == "retrain.when"


@pytest.mark.parametrize(
    ("found", "reasons"),
    [
        (Due(4, 5, False), []),
        (Due(5, 5, None), ["labels"]),
        (Due(9, 0, True), ["drift"]),
        (Due(9, 5, True), ["labels", "drift"]),
    ],
)
def test_reasons(found, reasons):
    assert found.reasons == reasons


def test_due_asks_for_drift_where_the_book_says_so(book, monkeypatch):
    """One alarm is one reason: a retraining that followed it has answered it."""
    monkeypatch.setattr(retrain_when, "new_labels", lambda book: 3)
    alarms = [SimpleNamespace(at=time.time() - 60)]
    monkeypatch.setattr(retrain_when, "drift", lambda book: SimpleNamespace(alarms=alarms))
    assert due(book) == Due(3, 5, True)
    book.log.append("retrain", evidence={"event": "verdict"})
    assert due(book) == Due(3, 5, False)
    alarms.append(SimpleNamespace(at=time.time() + 60))
    assert due(book) == Due(3, 5, True)
    book.log.append("retrain", evidence={"event": "adopt"})
    assert due(book) == Due(3, 5, True)

    def unasked(book, code="watch.no_requests"):
        raise BookError(code, key="x")

    monkeypatch.setattr(retrain_when, "drift", unasked)
    assert due(book) == Due(3, 5, False)
    monkeypatch.setattr(retrain_when, "drift", lambda book: unasked(book, "watch.busy"))
    with pytest.raises(BookError):
        due(book)
    write_book_file(BookFile(task="text_classification", retrain=Retraining(on_drift=False)), book.path)
    assert due(open_book(book.path)) == Due(3, 0, None)


def test_the_foreground(monkeypatch):
    """APScheduler is given names of weekdays: its own 0 is Monday."""
    blocking = pytest.importorskip("apscheduler.schedulers.blocking")
    seen = {}

    class Scheduler:
        running = True

        def add_job(self, work, trigger, **how):
            seen.update(trigger=trigger, **how)
            self.work = work

        def start(self):
            self.work()
            raise KeyboardInterrupt

        def shutdown(self, wait):
            seen["wait"] = wait

    monkeypatch.setattr(blocking, "BlockingScheduler", Scheduler)
    done = []
    run_scheduled(recurs("0 3 * * 0"), lambda: done.append(1))
    assert done == [1] and seen["wait"] is False and seen["coalesce"] and seen["max_instances"] == 1
    assert "day_of_week='sun'" in str(seen["trigger"])
    assert next_time(recurs("0 3 * * 0"))[11:16] == "03:00"


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "apscheduler.schedulers.blocking", None)
    monkeypatch.setitem(sys.modules, "apscheduler.triggers.cron", None)
    for call in (lambda: run_scheduled(recurs("daily"), list), lambda: next_time(recurs("daily"))):
        with pytest.raises(MachineError) as caught:
            call()
        assert caught.value.code == "machine.extra" and "schedule" in str(caught.value)
