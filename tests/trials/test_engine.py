"""The local engine: one trial after the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tunebook.tables.make import new_table
from tunebook.trials import engine as module
from tunebook.trials.engine import Local
from tunebook.trials.trial import Done, Job


def test_a_trial_is_trained_when_it_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []

    def trial(job: Job, tell: Any, progress: Any) -> Done:
        told.append((job.number, progress, tell(1, "look", [0.5])))
        return Done("complete", [0.5])

    monkeypatch.setattr(module, "run_trial", trial)
    made = Job(7, new_table({}), tmp_path, (1,), tmp_path, tmp_path)
    with Local() as engine:
        engine.submit(made)
        assert told == []
        number, done = engine.next(lambda *given: f"heard {given}")
    assert (number, done.score, engine.room) == (7, 0.5, 1)
    assert told == [(7, None, "heard (7, 1, 'look', [0.5])")]
