"""Runs that an auto buys: trained once, their answers kept and their models not, failures noted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.books import QUICK
from tests.verbs.racing.contexts import candidate, spec
from tunebook.core.errors import MachineError, RunError
from tunebook.core.nouns import Plan
from tunebook.core.progress import Silent
from tunebook.tables.make import child
from tunebook.verbs.abtest.scored import split_exam
from tunebook.verbs.racing import budget as module
from tunebook.verbs.racing.budget import Meter, OutOfTimeError, RaceContext
from tunebook.verbs.racing.state import AutoState, StateFile
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.train import train


class Till:
    """A watcher that hears of purchases."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int]] = []

    def start(self, what: str, total: int, done: int = 0) -> None: ...
    def advance(self, amount: int = 1, **figures: float) -> None: ...
    def finish(self) -> None: ...
    def begins(self, state: Any, costs: Any) -> None: ...
    def stopped(self, state: Any) -> None: ...

    def bought(self, state: AutoState, name: str) -> None:
        self.heard.append((name, state.bought))


@pytest.fixture
def context(book: Book) -> RaceContext:
    """A champion and one other table, both quick."""
    tables = {"champion": child(book.champion, {**QUICK, "max_epochs": 1})}
    tables["1"] = child(tables["champion"], {"learning_rate": 5e-3})
    plans = {name: plan(table, book.data) for name, table in tables.items()}
    items = [candidate(name).model_copy(update={"table": table}) for name, table in tables.items()]
    state_file = StateFile(book.path / "auto" / "x", AutoState(spec=spec(), candidates=items))
    return RaceContext(book, state_file, Meter(Till(), 0.0, 600.0), plans, split_exam(book.data, "validation"))


def test_a_run_is_bought_once_and_leaves_no_model(context: RaceContext, monkeypatch: pytest.MonkeyPatch) -> None:
    foretold = context.missing("1", 2)
    assert foretold == pytest.approx(2 * context.seconds("1")) and context.proof("1") > foretold
    context.buy("champion", 0)
    context.buy("1", 0)
    state = context.state_file.state
    assert context.meter.inner.heard == [("champion", 1), ("1", 2)] and state.runs == {"race": 2}  # type: ignore[attr-defined]
    item = state.named("1")
    folder = context.state_file.folder / "runs" / item.runs[0]
    assert folder.is_dir() and not (folder / "model").exists() and not (folder / "checkpoints").exists()
    marks = context.candidate_scores(item)
    assert marks is not None and marks.scores("accuracy")[0] == pytest.approx(item.scores[0])
    assert item.seconds[0] > 0 and context.seconds("1") == item.seconds[0] and context.missing("1", 1) == 0.0
    monkeypatch.setattr(module, "trained", lambda *args: 1 / 0)
    again = RaceContext(
        context.book, StateFile(context.state_file.folder, state), context.meter, context.plans, context.exam
    )
    again.state_file.change("1", scores=[], seconds=[], runs=[])
    again.buy("1", 0)
    assert again.state_file.state.named("1").scores == item.scores and again.state_file.state.bought == 2, (
        "taken, not bought"
    )


def test_what_the_gate_has_by_now_is_not_paid_again(context: RaceContext, monkeypatch: pytest.MonkeyPatch) -> None:
    each = context.seconds("champion") + context.seconds("1")
    gate = context.book.file.gate
    first = min([look for look in gate.looks if look < gate.seeds] + [gate.seeds])
    assert context.proof("1") == pytest.approx((first + gate.seeds) * each)
    run = SimpleNamespace(seconds=each / 2)
    monkeypatch.setattr(RaceContext, "found", lambda self, plan: run if plan.seed <= gate.seeds else None)
    assert context.proof("1") == pytest.approx(gate.seeds * each)


def test_what_others_took_puts_the_estimate_right(context: RaceContext) -> None:
    told = context.seconds("champion") / context.seconds("1")
    context.state_file.change("champion", seconds=[40.0, 60.0])
    assert context.seconds("champion") == 50.0 and context.seconds("1") == pytest.approx(50.0 / told)


def test_runs_of_a_test_put_the_estimate_right(context: RaceContext, monkeypatch: pytest.MonkeyPatch) -> None:
    told = context.seconds("champion") / context.seconds("1")
    champion = context.plans["champion"]
    took = {context.planned("champion", seed).id: 10.0 * seed for seed in (1, 3)}
    other = {context.planned("1", 999).id: 7.0}  # no seed of the gate's

    def found(self: RaceContext, plan: Plan) -> Any:
        seconds = {**took, **other}.get(plan.id)
        return None if seconds is None else SimpleNamespace(seconds=seconds)

    monkeypatch.setattr(RaceContext, "found", found)
    assert champion.id not in took
    assert context.seconds("champion") == 20.0 and context.seconds("1") == pytest.approx(20.0 / told)
    context.state_file.change("champion", seconds=[5.0])
    assert context.seconds("champion") == 5.0, "what the race has measured comes first"


def test_a_run_of_the_book_is_taken_and_left_whole(context: RaceContext) -> None:
    run = train(context.planned("1", 42), track=())
    context.buy("1", 0)
    assert context.state_file.state.named("1").runs == [run.id] and context.state_file.state.bought == 0
    assert run.has_model, "it is not the auto's own"


def test_a_table_that_does_not_train_is_out(context: RaceContext, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: Any) -> Any:
        raise MachineError("machine.memory_least", key="batch_size", value=1)

    monkeypatch.setattr(module, "trained", never)
    context.buy("1", 0)
    item = context.state_file.state.named("1")
    assert item.state == "failed" and "[machine.memory_least]" in item.why and item.scores == []
    with pytest.raises(MachineError):
        context.buy("champion", 0)


@pytest.mark.parametrize("code", ["run.interrupted", "machine.disk"])
def test_what_would_meet_every_run_ends_the_auto(
    context: RaceContext, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*args: Any) -> Any:
        raise RunError(code, key="x", value=1)

    monkeypatch.setattr(module, "trained", never)
    with pytest.raises(RunError):
        context.buy("1", 0)
    assert context.state_file.state.named("1").state == "racing"


def test_a_table_that_diverges_is_out_and_the_champion_stays(
    context: RaceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = module.trained

    def diverged(*args: Any) -> Any:
        return replace(plain(*args), failed="run.diverged")

    monkeypatch.setattr(module, "trained", diverged)
    context.buy("1", 0)
    context.buy("champion", 0)
    state = context.state_file.state
    assert state.named("1").state == "failed" and "[run.diverged]" in state.named("1").why and state.bought == 2
    assert state.champion.state == "champion" and len(state.champion.scores) == 1


def test_a_run_that_is_gone_leaves_nothing_to_compare(context: RaceContext, tmp_path: Path) -> None:
    assert context.candidate_scores(context.state_file.state.named("1")) is None
    context.state_file.change("1", scores=[0.5])
    assert context.candidate_scores(context.state_file.state.named("1")) is None


class Watch(Silent):
    """Hears what is passed on."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def start(self, what: str, total: int, done: int = 0) -> None:
        self.heard.append(f"start {what}")

    def finish(self) -> None:
        self.heard.append("finish")

    def note(self, text: str) -> None:
        self.heard.append(text)


def meter(before: float = 0.0, limit: float = 100.0) -> tuple[Meter, dict[str, float], Watch]:
    clock, watch = {"now": 5.0}, Watch()
    return Meter(watch, before, limit, lambda: clock["now"]), clock, watch


def test_earlier_calls_count() -> None:
    found, clock, _ = meter(before=60.0)
    clock["now"] += 30
    assert (found.spent, found.left) == (90.0, 10.0)
    found.need(10.0)
    with pytest.raises(OutOfTimeError):
        found.need(10.1)


def test_a_training_ends_where_the_time_is_over() -> None:
    found, clock, watch = meter()
    found.start("tokenise", 10)
    clock["now"] += 200
    found.advance(5)
    found.finish()
    found.start("train", 10)
    with pytest.raises(OutOfTimeError):
        found.advance()
    found.unwind()
    found.unwind()
    assert watch.heard == ["start tokenise", "finish", "start train", "finish"]


def test_a_test_goes_no_further_than_the_rest_pays_for() -> None:
    found, clock, watch = meter()
    found.price = 20.0
    clock["now"] += 90
    found.start("train", 10)
    found.finish()
    found.start("ab", 6)
    with pytest.raises(OutOfTimeError):
        found.start("train", 10)
    assert watch.heard[-1] == "start ab"
    found.price = 10.0
    found.start("train", 10)
    found.unwind()
    found.start("promote", 6)
    found.price = 20.0
    with pytest.raises(OutOfTimeError):
        found.start("train", 10)


def test_notes_are_passed_on_and_too_many_ends_do_no_harm() -> None:
    found, _, watch = meter()
    found.note("look")
    found.finish()
    assert watch.heard == ["look", "finish"]
