"""Trials in turn, and side by side with a single one who knows the study."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from tunebook.core.errors import RunError
from tunebook.tables.make import new_table
from tunebook.verbs.engines.seam import Local, chosen, trained_on
from tunebook.verbs.trials import engine as module
from tunebook.verbs.trials.engine import InTurn, SideBySide
from tunebook.verbs.trials.trial import Done, Job


def job(number: int, folder: Path) -> Job:
    return Job(number, new_table({}), folder, (1,), folder, folder)


def test_a_trial_is_trained_when_it_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    def trial(job: Job, tell: Any, progress: Any) -> Done:
        told.append((job.number, progress, tell(1, "look", [0.5])))
        return Done("complete", [0.5])

    monkeypatch.setattr(module, "run_trial", trial)
    with InTurn() as engine:
        engine.submit(job(7, tmp_path))
        assert told == []
        number, done = engine.next(lambda *given: f"heard {given}")
    assert (number, done.score, engine.room) == (7, 0.5, 1)
    assert told == [(7, None, "heard (7, 1, 'look', [0.5])")]


def test_trials_side_by_side_are_answered_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both, engines = threading.Barrier(2), list[Any]()

    def trial(job: Job, tell: Any) -> Done:
        both.wait(60)
        engines.append(chosen())
        return Done("pruned", why=tell(job.number, "look", [0.5]))

    def heed(number: int, place: int, kind: str, values: list[float]) -> str:
        assert threading.current_thread() is threading.main_thread()
        return f"{number} {place} {kind} {values}"

    monkeypatch.setattr(module, "run_trial", trial)
    mine = Local()
    with trained_on(mine), SideBySide(2) as engine:
        for number in (1, 2):
            engine.submit(job(number, tmp_path))
        ended = dict(engine.next(heed) for _ in range(2))
    assert {number: done.why for number, done in ended.items()} == {1: "1 1 look [0.5]", 2: "2 2 look [0.5]"}
    assert engines == [mine, mine] and engine.room == 2


def test_what_would_meet_every_trial_ends_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def trial(job: Job, tell: Any) -> Done:
        raise RunError("run.data", key="x", value=1)

    monkeypatch.setattr(module, "run_trial", trial)
    with SideBySide(2) as engine, pytest.raises(RunError):
        engine.submit(job(1, tmp_path))
        engine.next(lambda *_: "")


def test_trials_that_nobody_waits_for_are_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, closed = threading.Semaphore(0), threading.Event()
    reasons: list[str] = []

    def trial(job: Job, tell: Any) -> Done:
        if job.number == 2:
            assert closed.wait(60)
        reasons.append(tell(0, "look", [0.5]))
        ended.release()
        return Done("stopped")

    monkeypatch.setattr(module, "run_trial", trial)
    with SideBySide(2) as engine:
        for number in (1, 2):
            engine.submit(job(number, tmp_path))
        while engine.said.empty():
            threading.Event().wait(0.01)
    closed.set()
    assert ended.acquire(timeout=60) and ended.acquire(timeout=60)
    assert reasons == ["interrupted; tried again as a later trial"] * 2
