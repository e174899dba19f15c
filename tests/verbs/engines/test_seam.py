"""The seam: who does trainings, what is begun ahead, and that it is dropped again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest

from tunebook.core.nouns import Plan
from tunebook.core.progress import Progress
from tunebook.verbs.engines.seam import Engine, Local, ahead, chosen, trained_on
from tunebook.verbs.steps.runs import Run, runs_in


class Eager(Engine):
    """Begins the first of what is wanted."""

    room = 2

    def __init__(self) -> None:
        self.dropped: list[Plan] = []

    def train(self, plan: Plan, folder: Path, progress: Progress | None) -> Run:
        raise KeyboardInterrupt

    def begin(self, plans: Sequence[Plan], folder: Path) -> list[Plan]:
        return list(plans[:1])

    def drop(self, plans: Sequence[Plan], folder: Path, *, later: bool = False) -> None:
        self.dropped += plans

    def still(self) -> AbstractContextManager[None]:
        return nullcontext()


def test_this_process_trains_when_it_is_asked(quick: Plan, tmp_path: Path) -> None:
    assert isinstance(chosen(), Local) and chosen().room == 1
    with ahead([quick], tmp_path) as begun:
        assert begun == [] and runs_in(tmp_path) == []
        run = chosen().train(quick, tmp_path, None)
    assert run.finished and run.plan_id == quick.id and not list(run.path.glob("tensorboard*"))


def test_what_was_begun_ahead_is_dropped_however_it_ends(quick: Plan, tmp_path: Path) -> None:
    engine = Eager()
    with trained_on(engine):
        assert chosen() is engine
        with pytest.raises(KeyboardInterrupt), ahead([quick, quick.with_seed(9)], tmp_path) as begun:
            assert begun == [quick]
            chosen().train(quick, tmp_path, None)
    assert engine.dropped == [quick] and isinstance(chosen(), Local)
