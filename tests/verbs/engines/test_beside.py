"""Trainings in processes beside the command: the same runs, whoever trains them, and what happens when one ends."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tunebook.core.errors import RunError
from tunebook.core.nouns import Plan
from tunebook.core.progress import Silent
from tunebook.engine.outcome import last_checkpoint
from tunebook.verbs.engines import beside, lane, shares
from tunebook.verbs.engines.beside import Beside
from tunebook.verbs.engines.lane import Lane
from tunebook.verbs.engines.seam import Local, ahead, trained_on
from tunebook.verbs.engines.worker import end_with_parent, interrupted, serve
from tunebook.verbs.steps.runs import find_run, runs_in


class Watch(Silent):
    """Hears notes, what begins, and does something at the first step of a training."""

    def __init__(self, then: Callable[[], None] = lambda: None) -> None:
        self.heard: list[str] = []
        self.then = then

    def start(self, what: str, total: int, done: int = 0) -> None:
        self.heard.append(what)

    def advance(self, amount: int = 1, **figures: float) -> None:
        if self.heard[-1] == "train":
            then, self.then = self.then, lambda: None
            then()

    def note(self, text: str) -> None:
        self.heard.append(text)


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "shares", lambda plans: (2, 1))


@pytest.fixture
def long(quick: Plan) -> Plan:
    """A plan that is trained for minutes."""
    return quick.model_copy(update={"params": quick.params.model_copy(update={"max_epochs": 3000})})


def state(one: Lane) -> str:
    """Of its process, as Linux calls it."""
    return Path(f"/proc/{one.process.pid}/stat").read_text().rpartition(") ")[2][0]


def test_runs_are_those_of_this_process_and_half_ones_go(two: None, quick: Plan, long: Plan, tmp_path: Path) -> None:
    near = Local().train(quick, tmp_path / "near", None)
    watch, heard, far = Watch(), Watch(), tmp_path / "far"
    plans = [quick, long]
    with Beside(heard) as engine, trained_on(engine), ahead(plans, far) as begun:
        assert begun == plans and engine.begin(plans, far) == []
        engine.drop(plans, tmp_path / "near")  # the same, asked for elsewhere
        run = engine.train(quick, far, watch)
        with engine.still():
            while any(state(one) not in "TZ" for one in engine.lanes):  # a signal takes a moment
                time.sleep(0.01)
        while find_run(far, long) is None:
            time.sleep(0.1)
    assert (run.model / "model.safetensors").read_bytes() == (near.model / "model.safetensors").read_bytes()
    assert run.is_arm and "train" in watch.heard and len(heard.heard) == 1 and not engine.lanes
    assert runs_in(far) == [run], "what was begun for nothing leaves nothing behind"


def test_a_process_that_dies_is_told_and_its_training_goes_on(two: None, quick: Plan, tmp_path: Path) -> None:
    heard, plans = Watch(), [quick, quick.with_seed(2)]
    with Beside(heard) as engine, trained_on(engine), ahead(plans, tmp_path):
        for one in list(engine.lanes):
            os.kill(one.process.pid, signal.SIGKILL)
        assert all(engine.train(plan, tmp_path, None).finished for plan in plans)
    assert any(signal.strsignal(signal.SIGKILL) in text for text in heard.heard)


def test_ctrl_c_keeps_where_all_trainings_are(two: None, long: Plan, tmp_path: Path) -> None:
    plans, watch = [long, long.with_seed(2), long.with_seed(3)], Watch(lambda: os.kill(os.getpid(), signal.SIGTERM))
    with pytest.raises(RunError) as caught, Beside() as engine, trained_on(engine), ahead(plans, tmp_path):
        engine.train(long, tmp_path, watch)
    assert caught.value.code == "run.interrupted" and not engine.lanes
    run = find_run(tmp_path, long)
    assert run is not None and not run.finished
    assert caught.value.key == run.path.name and last_checkpoint(run.path) is not None
    assert find_run(tmp_path, plans[2]) is None, "what waited has not begun"


def test_who_asked_while_a_training_ended_by_itself_is_heard(quick: Plan, tmp_path: Path) -> None:
    """The command must not go on with an examination."""
    engine, job = Beside(), beside._Job(quick, tmp_path, True)
    engine.jobs[tmp_path, quick.id] = job
    job.end(True)
    engine.asked = signal.SIGINT
    with pytest.raises(KeyboardInterrupt):
        engine.train(quick, tmp_path, None)


def test_a_training_that_has_taken_no_step_has_kept_nothing(quick: Plan, tmp_path: Path) -> None:
    assert isinstance(interrupted(quick, tmp_path), KeyboardInterrupt)


def test_an_error_is_told_to_whoever_waits(two: None, quick: Plan, tmp_path: Path) -> None:
    other = quick.with_seed(2).model_copy(update={"data_path": tmp_path / "nowhere"})
    with Beside() as engine, trained_on(engine), ahead([other, quick, quick], tmp_path / "runs") as begun:
        assert begun == [other, quick], "each once"
        with pytest.raises(Exception) as caught:
            engine.train(other, tmp_path / "runs", None)
        assert getattr(caught.value, "code", "") and engine.train(quick, tmp_path / "runs", None).finished


def test_what_cannot_be_read_is_told_to_whoever_waits(
    two: None, quick: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(*given: object) -> None:
        raise AttributeError("unpickled")

    with monkeypatch.context() as patch, Beside() as engine, trained_on(engine):
        patch.setattr(Lane, "train", unreadable)
        with ahead([quick, quick.with_seed(2)], tmp_path), pytest.raises(AttributeError, match="unpickled"):
            engine.train(quick, tmp_path, None)


def test_a_process_that_no_longer_listens_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "_FAREWELL", 0.1)
    with Lane(1) as deaf, deaf.held():
        assert deaf.reason() == signal.strsignal(signal.SIGKILL)


@pytest.mark.parametrize(
    ("threads", "free", "count", "seconds", "given"),
    [
        (2, 1 << 40, 4, 100.0, (2, 1)),
        (8, 1 << 40, 4, 100.0, (4, 2)),
        (8, 3 << 30, 4, 100.0, (2, 2)),  # as many threads as where there is room for all
        (2, 1 << 30, 4, 100.0, (1, 2)),
        (2, 1 << 40, 4, 1.0, (1, 2)),
        (2, 1 << 40, 1, 100.0, (1, 2)),
        (1, 1 << 40, 4, 100.0, (1, 1)),
    ],
)
def test_shares_follow_from_the_machine_and_what_is_asked(
    threads: int, free: int, count: int, seconds: float, given: tuple[int, int], quick: Plan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    estimate = quick.estimate.model_copy(update={"seconds": seconds, "memory_bytes": 1 << 30})
    plans = [quick.model_copy(update={"estimate": estimate})] * count
    monkeypatch.setattr("torch.get_num_threads", lambda: threads)
    monkeypatch.setattr(shares, "_free", lambda: free)
    assert shares.shares(plans) == given


def test_a_lane_says_why_its_process_ended(tmp_path: Path, quick: Plan) -> None:
    with Lane(1) as one:
        one.stop(at_once=False)
        with pytest.raises(EOFError):
            one.train(quick, tmp_path, lambda event: None)
        assert one.reason() == signal.strsignal(signal.SIGTERM)


def test_a_worker_trains_until_nobody_asks(quick: Plan, tmp_path: Path) -> None:
    class Line:
        def __init__(self) -> None:
            self.wanted = [(quick, tmp_path)]
            self.sent: list[tuple[object, ...]] = []

        def recv(self) -> tuple[Plan, Path]:
            if not self.wanted:
                raise EOFError
            return self.wanted.pop()

        def send(self, events: list[tuple[object, ...]]) -> None:
            self.sent += events

    line = Line()
    serve(line)
    assert line.sent[-1] == ("end", None) and ("start", "train") in {event[:2] for event in line.sent}
    assert callable(end_with_parent)
