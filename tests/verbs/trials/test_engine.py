"""The local engine: one trial after the other."""

from __future__ import annotations

import asyncio
import builtins
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tunebook.core.errors import MachineError, RunError
from tunebook.tables.make import new_table
from tunebook.verbs.trials import engine as module
from tunebook.verbs.trials.engine import Letters, Local, Ray, far_trial
from tunebook.verbs.trials.trial import Done, Job


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


class FakeRayError(Exception):
    """A worker that died."""


class Method:
    """What stands behind `.remote`: calls at once, awaits what must be awaited, and keeps errors for `get`."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def remote(self, *given: Any) -> Any:
        try:
            made = self.function(*given)
            return SimpleNamespace(value=asyncio.run(made) if asyncio.iscoroutine(made) else made)
        except FakeRayError as error:
            return SimpleNamespace(value=error)


class Actor:
    """An actor whose methods are called at once; made by `.remote()` too."""

    def __init__(self, kind: type[Any]) -> None:
        self.kind = kind

    def remote(self) -> Any:
        self.it = self.kind()
        return self

    def __getattr__(self, name: str) -> Method:
        return Method(getattr(self.it, name))


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module `ray` with two CPUs on one machine."""
    ray = ModuleType("ray")
    told: dict[str, Any] = {"up": False, "options": [], "cancelled": [], "resources": {"CPU": 2.0}, "nodes": 1}

    def get(item: Any) -> Any:
        if isinstance(item.value, Exception):
            raise item.value
        return item.value

    def remote(**options: Any) -> Callable[[Any], Any]:
        told["options"].append(options)
        return lambda thing: Actor(thing) if isinstance(thing, type) else Method(thing)

    class Reference(SimpleNamespace):
        __hash__ = object.__hash__

    monkeypatch.setattr(sys.modules[__name__], "SimpleNamespace", Reference)
    made: Any = ray
    made.told = told
    made.is_initialized = lambda: told["up"]
    made.init = lambda **_: told.update(up=True)
    made.shutdown = lambda: told.update(up=False)
    made.cluster_resources = lambda: told["resources"]
    made.nodes = lambda: [{"Alive": True}] * told["nodes"] + [{"Alive": False}]
    made.remote, made.get = remote, get
    calls = iter(range(99))
    made.wait = lambda jobs, num_returns, timeout: ([], jobs) if next(calls) % 2 == 0 else (jobs[:1], jobs[1:])
    made.cancel = lambda job, force: told["cancelled"].append(job)
    made.exceptions = Reference(RayError=FakeRayError)
    monkeypatch.setitem(sys.modules, "ray", ray)
    return ray


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "search.json").write_text("{}")
    return Job(4, new_table({}), tmp_path, (1,), tmp_path / "runs", tmp_path)


def nothing(*_: Any) -> str:
    return ""


def test_a_trial_goes_to_the_cluster_and_comes_back(cluster: Any, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "run_trial", lambda job, tell: Done("complete", [0.5 + job.number]))
    with Ray() as engine:
        assert engine.room == 1
        engine.submit(job)
        assert engine.next(nothing) == (4, Done("complete", [4.5]))
    assert not cluster.told["up"]
    assert cluster.told["options"][1] == {"max_retries": 0, "num_cpus": 2}


@pytest.mark.parametrize(
    ("resources", "nodes", "workers", "room", "needs"),
    [
        ({"CPU": 8.0}, 2, None, 2, {"num_cpus": 4}),
        ({"CPU": 8.0}, 2, 4, 4, {"num_cpus": 2}),
        ({"CPU": 8.0, "GPU": 4.0}, 1, None, 4, {"num_gpus": 1.0, "num_cpus": 1}),
        ({"CPU": 8.0, "GPU": 4.0}, 1, 2, 2, {"num_gpus": 2.0, "num_cpus": 1}),
    ],
)
def test_room_and_needs(
    resources: dict[str, float], nodes: int, workers: int | None, room: int, needs: Any, cluster: Any
) -> None:
    cluster.told.update(resources=resources, nodes=nodes, up=True)
    with Ray(workers) as engine:
        assert engine.room == room
    assert cluster.told["options"][1] == {"max_retries": 0, **needs}
    assert cluster.told["up"], "a cluster that was there before stays"


@pytest.mark.parametrize("resources", [{"CPU": 2.0}, {"CPU": 8.0, "GPU": 2.0}])
def test_no_room(resources: dict[str, float], cluster: Any) -> None:
    cluster.told["resources"] = resources
    with pytest.raises(MachineError) as caught, Ray(3):
        pass
    assert caught.value.code == "search.cluster" and "1 … 2" in str(caught.value)
    assert not cluster.told["up"]


def test_what_trials_tell_is_answered(cluster: Any, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []

    def heed(*given: Any) -> str:
        heard.append(given)
        return "stop"

    monkeypatch.setattr(module, "run_trial", lambda job, tell: Done("complete", [1.0]))
    with Ray() as engine:
        engine.letters.it.waiting.append((4, 0, "look", [0.5], 1))
        engine.submit(job)
        engine.next(heed)
        engine.submit(job)
    assert heard == [(4, 0, "look", [0.5])]
    assert len(cluster.told["cancelled"]) == 1, "what is under way is ended with the search"


def test_a_worker_that_died_is_a_failed_trial(cluster: Any, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(job: Job, tell: Any) -> Done:
        raise FakeRayError("killed  by the\nkernel")

    monkeypatch.setattr(module, "run_trial", die)
    with Ray() as engine:
        engine.submit(job)
        assert engine.next(nothing)[1] == Done("failed", why="killed by the kernel")


def test_what_every_trial_would_meet_ends_the_search(
    cluster: Any, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(job: Job, tell: Any) -> Done:
        raise MachineError("machine.disk", key="there", reason="full")

    monkeypatch.setattr(module, "run_trial", full)
    with Ray() as engine:
        engine.submit(job)
        with pytest.raises(RunError, match=r"machine\.disk") as caught:
            engine.next(nothing)
        assert (caught.value.code, caught.value.key) == ("search.machine", "there")
        engine.submit(replace(job, folder=tmp_path / "elsewhere" / "runs"))
        with pytest.raises(MachineError) as unseen:
            engine.next(nothing)
        assert unseen.value.code == "search.shared"


def test_a_far_trial_asks_and_waits(cluster: Any, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "run_trial", lambda job, tell: Done("pruned", why=tell(0, "look", [0.1])))
    letters = SimpleNamespace(tell=Method(lambda *given: f"answer to {given}"))
    assert far_trial(job, letters) == Done("pruned", why="answer to (4, 0, 'look', [0.1])")


def test_letters_are_answered_or_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk() -> tuple[str, str]:
        letters = Letters()
        waiting = asyncio.create_task(letters.tell(3, 0, "look", [0.5]))
        await asyncio.sleep(0)
        ((number, place, kind, values, letter),) = await letters.take()
        assert (number, place, kind, values) == (3, 0, "look", [0.5])
        assert await letters.take() == []
        await letters.answer(letter, "stop")
        await letters.answer(letter, "stop")
        answered = await waiting
        await letters.answer(99, "nobody waits")
        monkeypatch.setattr(module, "_PATIENCE", 0.01)
        return answered, await letters.tell(3, 0, "look", [0.5])

    assert asyncio.run(talk()) == ("stop", "")


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "ray":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MachineError, match=r"\[ray\]") as caught:
        Ray()
    assert caught.value.code == "machine.extra"
