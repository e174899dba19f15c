"""The engine of a cluster, with tasks that run in this process: same runs, early ends, errors, and what is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event as Flag
from typing import Any

import numpy as np
import pytest

from tests.fake_ray import FakeMemoryError, FakeRay, FakeRayError
from tunebook.core.errors import MachineError, RunError
from tunebook.core.nouns import Plan
from tunebook.core.progress import Silent
from tunebook.verbs.abtest.arms import known, trained
from tunebook.verbs.engines import cluster as module
from tunebook.verbs.engines.cluster import Ray
from tunebook.verbs.engines.far import Back
from tunebook.verbs.engines.seam import Local, Needs, trained_on
from tunebook.verbs.engines.told import Event
from tunebook.verbs.steps.runs import find_run, runs_in


class Watch(Silent):
    """Hears notes and what is begun."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def start(self, what: str, total: int, done: int = 0) -> None:
        self.heard.append(what)

    def note(self, text: str) -> None:
        self.heard.append(text)


def answers(monkeypatch: pytest.MonkeyPatch, answer: Any, tells: tuple[Event, ...] = ()) -> list[int]:
    """Let tasks give this, after they have told that; the seeds that were asked for."""
    asked: list[int] = []

    def task(order: Any, parcels: Any, plan: str, letters: Any, name: str) -> Any:
        asked.append(Plan.model_validate_json(plan).seed)
        letters.tell.remote(name, [("attempt", "far"), *tells])
        if isinstance(answer, Exception) and isinstance(answer, FakeRayError):
            raise answer
        return answer

    monkeypatch.setattr(module, "train_task", task)
    return asked


def test_it_gives_the_runs_that_this_process_would(cluster: FakeRay, quick: Plan, tmp_path: Path) -> None:
    near = Local().train(quick, tmp_path / "near", None)
    watch, heard = Watch(), Watch()
    with Ray(watch=heard) as engine:
        assert engine.room == 2
        run = engine.train(quick, tmp_path / "far", watch)
        assert engine.train(quick, tmp_path / "far", watch) == run, "it is there already"
    assert run == find_run(tmp_path / "far", quick) and run.validation_scores == near.validation_scores
    assert (run.model / "model.safetensors").read_bytes() == (near.model / "model.safetensors").read_bytes()
    assert "train" in watch.heard and any("v2, seed 1" in text for text in heard.heard) and not cluster.up
    assert len(cluster.stored) == 2 and cluster.options[-1]["max_retries"] > 0


def test_what_is_begun_ahead_comes_by_itself_and_is_sent_once(cluster: FakeRay, quick: Plan, tmp_path: Path) -> None:
    plans = [quick.with_seed(seed) for seed in (11, 12, 13)]
    with Ray() as engine, trained_on(engine):
        assert engine.begin(plans[:2], tmp_path) == plans[:2] and engine.begin(plans, tmp_path) == plans[2:]
        last = trained(tmp_path, plans[1])
        engine.drop(plans[:2], tmp_path / "other")
        engine.drop(plans[2:], tmp_path)
        assert engine.begin(plans[:2], tmp_path) == [], "they are there already"
    first = known(tmp_path, plans[0])
    assert first is not None and first.run.is_arm and last.run.is_arm and len(cluster.stored) == 2
    assert len(runs_in(tmp_path)) == 2 and len(cluster.cancelled) == 1


def test_two_that_ask_for_the_same_training_get_the_same_run(cluster: FakeRay, quick: Plan, tmp_path: Path) -> None:
    """As the trials of a search do, where two of them have the same values."""
    with Ray() as engine, ThreadPoolExecutor(2) as both:
        asked = [both.submit(engine.train, quick, tmp_path, None) for _ in range(2)]
    assert asked[0].result() == asked[1].result() == find_run(tmp_path, quick) and len(runs_in(tmp_path)) == 1


def test_a_watcher_ends_a_training(cluster: FakeRay, quick: Plan, tmp_path: Path, monkeypatch: Any) -> None:
    class Stops(Silent):
        def start(self, what: str, total: int, done: int = 0) -> None:
            raise ZeroDivisionError

    cancelled = Flag()

    def task(order: Any, parcels: Any, plan: str, letters: Any, name: str) -> Back:
        letters.tell.remote(name, [("start", "train", 1, 0)])
        assert cancelled.wait(60)
        return Back()

    monkeypatch.setattr(module, "train_task", task)
    monkeypatch.setattr(cluster, "cancel", lambda reference, **_: cancelled.set())
    with Ray() as engine, pytest.raises(ZeroDivisionError):
        engine.train(quick, tmp_path, Stops())
    assert cancelled.is_set() and engine.jobs == {} and runs_in(tmp_path) == []


def test_a_run_that_diverged_is_a_result_and_is_not_trained_again(
    cluster: FakeRay, quick: Plan, tmp_path: Path, monkeypatch: Any
) -> None:
    from tunebook.engine.track import MetricsLog

    log = MetricsLog.on_log

    def spoil(self: Any, args: Any, state: Any, control: Any, logs: Any = None, **more: Any) -> None:
        log(self, args, state, control, logs={"loss": float("nan")}, **more)

    monkeypatch.setattr(MetricsLog, "on_log", spoil)
    with Ray() as engine, trained_on(engine):
        found = trained(tmp_path, quick)
        assert found.failed == "run.diverged" and not found.reused and found.run.is_arm
        assert engine.begin([quick], tmp_path) == []
        with pytest.raises(RunError) as caught:
            engine.train(quick, tmp_path / "elsewhere", None)
    assert caught.value.code == "run.diverged"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Back(MachineError("machine.disk", key="x", reason="full")), "machine.disk"),
        (FakeRayError("The worker\ndied"), "engine.task"),
        (FakeMemoryError("no memory"), "machine.memory"),
        (Back(files={"outcome.json": np.zeros(1, np.uint8)}, hash="other"), "engine.damaged"),
        (Back(), "engine.task"),
        ("nonsense", ""),
    ],
)
def test_what_goes_wrong_is_told_to_whoever_waits(
    answer: Any, code: str, cluster: FakeRay, quick: Plan, tmp_path: Path, monkeypatch: Any
) -> None:
    asked = answers(monkeypatch, answer)
    with Ray() as engine:
        for _ in range(2):  # it may be tried again
            with pytest.raises(Exception) as caught:
                engine.train(quick, tmp_path, None)
            assert getattr(caught.value, "code", "") == code
    assert asked == [1, 1] and runs_in(tmp_path) == []


def test_a_cluster_that_is_gone_ends_all_that_wait(
    cluster: FakeRay, quick: Plan, tmp_path: Path, monkeypatch: Any
) -> None:
    def gone(*_: Any, **__: Any) -> Any:
        raise FakeRayError("no head")

    with Ray() as engine:
        monkeypatch.setattr(cluster, "wait", gone)
        for _ in range(2):
            with pytest.raises(MachineError, match="no head") as caught:
                engine.train(quick, tmp_path, None)
    assert caught.value.code == "engine.lost"


def test_a_plan_that_needs_more_than_rows_and_base_is_trained_here(
    cluster: FakeRay, quick: Plan, tmp_path: Path, monkeypatch: Any
) -> None:
    asked: list[Plan] = []
    monkeypatch.setattr(module.Local, "train", lambda self, plan, folder, progress: asked.append(plan))
    other = quick.model_copy(update={"inputs": {"distill.teacher": "hash"}})
    with Ray() as engine:
        assert engine.begin([other], tmp_path) == []
        engine.train(other, tmp_path, None)
    assert asked == [other] and cluster.stored == []


def upper(part: str, where: Any) -> str:
    """The part in capitals, and what is in its folder."""
    if part == "bad":
        raise RunError("run.data", key=part, value=1, allowed="")
    return part.upper() + (where(FOLDER[0]) / "said").read_text()


FOLDER: list[Path] = []


def test_other_work_is_spread_and_comes_back_in_order(
    cluster: FakeRay, quick: Plan, tmp_path: Path, monkeypatch: Any
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "said").write_text("!")
    FOLDER[:] = [tmp_path / "mine"]
    watch = Watch()
    with Ray() as engine:
        needs = Needs((tmp_path / "mine",))
        assert engine.spread(upper, ["a", "b", "c"], needs, watch) == ["A!", "B!", "C!"]
        assert engine.spread(upper, [], needs, None) == [] and len(cluster.stored) == 1
        with pytest.raises(RunError) as caught:
            engine.spread(upper, ["a", "bad"], needs, None)
        assert caught.value.code == "run.data" and len(cluster.cancelled) == 2
        monkeypatch.setattr(module, "part_task", lambda *_: (_ for _ in ()).throw(FakeRayError("gone")))
        with pytest.raises(RunError, match="gone"):
            engine.spread(upper, ["a"], needs, None)
    assert watch.heard == ["spread"]
