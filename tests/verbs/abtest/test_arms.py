"""Arms: planned once, trained once, taken up again, counted out when they diverge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests import ab_book
from tunebook.core.errors import RunError
from tunebook.core.locations import write_plan
from tunebook.core.progress import Silent
from tunebook.tables.make import child
from tunebook.verbs.abtest import arms as module
from tunebook.verbs.abtest.arms import Arm, Nested, expected_seconds, known, trained
from tunebook.verbs.engines import seam
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import find_run, new_run


@pytest.fixture(scope="module")
def book(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Book:
    return ab_book.make_book(tmp_path_factory.mktemp("arms"), base)


def arm(book: Book, **changes: Any) -> Arm:
    table = child(book.tables.get(2), changes) if changes else book.tables.get(2)
    return Arm(table, plan(table, book.data, seed=0))


@pytest.mark.parametrize("changes", [{}, {"freeze.layers": "1", "seed": "77"}])
def test_a_plan_with_another_seed_is_the_plan_made_anew(changes: dict[str, str], book: Book) -> None:
    made = arm(book, **changes)
    for seed in (0, 7, 2**32 - 1):
        anew = plan(made.table, book.data, seed=seed)
        assert made.plan(seed).id == anew.id
        assert made.plan(seed).model_copy(update={"estimate": anew.estimate}) == anew
    assert Arm(made.table, made.base, 5).plan(2).id == made.plan(7).id


class Stops(Silent):
    """Is interrupted at the first step."""

    def start(self, what: str, total: int, done: int = 0) -> None:
        if what == "train":
            raise KeyboardInterrupt


class Watch:
    """Counts what was told."""

    def __init__(self) -> None:
        self.open: list[str] = []

    def start(self, what: str, total: int, done: int = 0) -> None:
        self.open.append(what)

    def advance(self, amount: int = 1, **figures: float) -> None:
        assert self.open

    def finish(self) -> None:
        self.open.pop()


def test_a_run_is_trained_once_and_used_again(book: Book) -> None:
    made, watch, runs = arm(book), Watch(), book.path / "runs"
    before = expected_seconds(runs, made, [11, 12])
    first = trained(runs, made.plan(11), watch)
    assert not first.reused and not first.failed and first.folder is not None and watch.open == []
    assert first.seconds > 0 and first.peak_memory_bytes > 10**7 and first.device and first.size > 1000
    assert not list(first.run.path.glob("tensorboard*")) and not (first.run.path / "report.html").exists()
    again = trained(runs, made.plan(11))
    assert again.reused and again.run == first.run and again.seconds == first.seconds
    assert known(runs, made.plan(12)) is None
    assert before > 0 and expected_seconds(runs, made, [11, 12]) == first.seconds
    assert expected_seconds(runs, made, [11]) == 0
    assert expected_seconds(runs, made, [21, 22]) == pytest.approx(2 * first.seconds)  # as the same table took
    assert first.load().plan == made.plan(11) and first.run.is_arm
    with pytest.raises(KeyboardInterrupt):
        trained(runs, made.plan(13), Stops())
    begun = find_run(runs, made.plan(13))
    assert begun is not None and begun.is_arm and not begun.finished


def test_a_run_that_somebody_began_before_a_test_stays_that_persons(book: Book) -> None:
    made, runs = arm(book), book.path / "runs"
    own = new_run(runs, made.plan(14))
    write_plan(made.plan(14), own.path)
    assert trained(runs, made.plan(14)).run == own and own.finished and not own.is_arm


def test_a_run_that_diverges_keeps_its_best_model_and_is_not_trained_again(book: Book, monkeypatch: Any) -> None:
    from tunebook.engine.track import MetricsLog

    made, watch, runs = arm(book, max_epochs=3), Watch(), book.path / "runs"
    log = MetricsLog.on_log

    def spoil(self: Any, args: Any, state: Any, control: Any, logs: Any = None, **more: Any) -> None:
        if state.epoch and state.epoch > 1.5:
            logs = {"loss": float("nan")}
        log(self, args, state, control, logs=logs, **more)

    monkeypatch.setattr(MetricsLog, "on_log", spoil)
    found = trained(runs, made.plan(21), watch)
    assert found.failed == "run.diverged" and not found.reused and watch.open == []
    assert found.folder is not None and not found.run.finished
    assert found.load().plan == made.plan(21)
    told = json.loads((found.run.path / "failed.json").read_text())
    assert told["seconds"] == found.seconds > 0 and told["message"]
    monkeypatch.setattr(seam, "train", lambda *args, **more: pytest.fail("trained again"))
    again = trained(runs, made.plan(21))
    assert again.failed and again.reused and again.run == found.run
    assert expected_seconds(runs, made, [21]) == 0


def test_a_run_that_diverges_at_once_has_no_model(book: Book, monkeypatch: Any) -> None:
    made = arm(book, learning_rate=5e-4)

    def fail(plan: Any, into: Path, **more: Any) -> None:
        run = module.find_run(into, plan) or new_run(into, plan)
        (run.path / "plan.json").write_text(plan.model_dump_json())
        raise RunError("run.diverged", key="loss", value=float("nan"), step=1)

    monkeypatch.setattr(seam, "train", fail)
    found = trained(book.path / "runs", made.plan(31))
    assert found.failed and found.folder is None and found.size == 0
    with pytest.raises(RunError):
        found.load()


@pytest.mark.parametrize("code", ["run.interrupted", "run.idle", "run.busy"])
def test_other_ends_of_a_run_stop_the_test(code: str, book: Book, monkeypatch: Any) -> None:
    watch = Watch()

    def fail(plan: Any, into: Path, progress: Any, **more: Any) -> None:
        progress.start("train", 3)
        raise RunError(code, key="x", value=1)

    monkeypatch.setattr(seam, "train", fail)
    with pytest.raises(RunError) as caught:
        trained(book.path / "runs", arm(book).plan(41), watch)
    assert caught.value.code == code and watch.open == []
    monkeypatch.setattr(seam, "train", lambda *args, **more: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        trained(book.path / "runs", arm(book).plan(41), watch)


def test_a_divergence_of_nothing_is_told(book: Book, monkeypatch: Any) -> None:
    error = RunError("run.diverged", key="loss", value=1, step=1)
    monkeypatch.setattr(seam, "train", lambda *args, **more: (_ for _ in ()).throw(error))
    with pytest.raises(RunError):
        trained(book.path / "runs", arm(book).plan(51))


def test_what_is_open_is_closed() -> None:
    watch = Watch()
    nested = Nested(watch)
    watch.start("test", 1)
    nested.start("a", 1)
    nested.start("b", 1)
    nested.advance()
    nested.unwind()
    assert watch.open == ["test"]
