"""What both arms of a test keep of earlier tasks: which rows are asked, what the guard says, what is told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests import ab_book, small
from tests.ab_book import arm_scores, exam, gains
from tests.books import QUICK
from tunebook.core.errors import PlanError
from tunebook.core.nouns import read_json
from tunebook.core.verdict import Verdict
from tunebook.data.load import load
from tunebook.engine.continual import data_of, numbered
from tunebook.engine.load import load_model
from tunebook.stats.gate import two_way
from tunebook.tables.make import child
from tunebook.verbs.ab import ab
from tunebook.verbs.abtest import final_exam, proof
from tunebook.verbs.abtest.ab_plan import Guard
from tunebook.verbs.abtest.arms import Arm
from tunebook.verbs.abtest.effects import Study, mixer
from tunebook.verbs.abtest.guardrails import EarlierTask, check_retention, earlier_tasks, retained
from tunebook.verbs.abtest.prepared import prepare_test
from tunebook.verbs.abtest.scored import split_exam
from tunebook.verbs.init import init
from tunebook.verbs.promote import promote, weigh
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import train

SHORT = {**QUICK, "max_steps": 6, "eval_every": 3}


@pytest.fixture(autouse=True)
def own_index(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("verbs.ab", "verbs.promote"):
        monkeypatch.setattr(f"tunebook.{module}.remember", lambda book: None)


@pytest.fixture(scope="module")
def chain(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, Run]:
    """A run of the classes bad and good, and a book of bad, good and so: v2 forgets, v3 replays."""
    folder = tmp_path_factory.mktemp("earlier")
    first, second = (
        init(folder / name, small.write_records(folder / f"{name}.csv", kind, 120, seed=seed), model=str(base),
             options=small.options(kind))
        for seed, (name, kind) in enumerate((("first", "binary"), ("second", "classes")))
    )  # fmt: skip
    run = train(plan(child(first.champion, {**SHORT, "max_steps": 20}), first.data), track=())
    second.tables.add(child(second.champion, SHORT))
    second.tables.add(child(second.champion, {**SHORT, "replay": "on"}))
    return second, run


@pytest.fixture
def second(chain: tuple[Book, Run]) -> Book:
    return chain[0]


def test_the_rows_of_the_runs_before_are_asked_with_the_labels_of_the_arms(chain: tuple[Book, Run]) -> None:
    book, run = chain
    made = plan(book.tables.get(2), book.data, continue_from=str(run.path))
    (task,) = earlier_tasks(made)
    rows = load(data_of(run.plan, made.labels), "validation")
    assert task.run == run and task.book == task.exam.name == "first"
    assert task.exam.place == f"earlier/{run.plan.data}" and list(task.exam.rows.texts) == list(rows.texts)
    old = load(data_of(run.plan, run.plan.labels), "validation").targets
    assert old is not None
    said = [made.labels.names[target] for target in task.exam.targets]
    assert said == [run.plan.labels.names[target] for target in old]
    assert earlier_tasks(plan(book.tables.get(2), book.data)) == []


def test_rows_that_come_again_are_asked_once_and_the_books_own_never(
    chain: tuple[Book, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tunebook.engine import continual

    book, run = chain
    made = plan(book.tables.get(2), book.data, continue_from=str(run.path))
    older = run.plan.model_copy(update={"data_path": Path("/nowhere/older/data")})
    own = made.model_copy(update={"continues": None})

    def before(wanted: Any) -> Iterator[tuple[Path, Any]]:
        yield from [(Path("own"), own), (run.path, run.plan), (Path("older"), older)]

    monkeypatch.setattr(continual, "ancestors", before)
    assert [task.run for task in earlier_tasks(made)] == [run]
    whole = data_of(run.plan, made.labels)
    monkeypatch.setattr(continual, "data_of", lambda *given: whole.model_copy(update={"rows": {"train": 5}}))
    assert earlier_tasks(made) == []


def task_of(rows: int) -> Any:
    return SimpleNamespace(exam=exam(rows), book="first")


def guarded(guard: Guard, rows: int, a: float, b: float) -> Any:
    sides = gains(4, rows, a, b)
    both = (arm_scores(exam(rows), sides[0]), arm_scores(exam(rows), sides[1]))
    wanted: Any = SimpleNamespace(guards=[Guard(name="time", margin=None), guard], metric="accuracy")
    (found,) = check_retention(wanted, task_of(rows), both, 0.05)
    assert (found.name, found.kind) == ("retention:first", "retention")
    effect = two_way(sides[1].astype(float) - sides[0].astype(float), 0.05)
    assert found.gain == pytest.approx(effect.mean) and found.lower == pytest.approx(effect.lower)
    return found


def test_what_is_lost_of_an_earlier_task_may_veto() -> None:
    own = Guard(name="retention", margin=0.05, least=500)
    assert not guarded(own, 600, 0.8, 0.6).held
    assert guarded(own, 600, 0.8, 0.8).held
    few = guarded(own, 100, 0.8, 0.6)
    assert few.held and few.margin == float("inf"), "too few rows for a margin that nobody asked for"
    assert not guarded(Guard(name="retention", margin=0.05, least=2), 100, 0.8, 0.6).held


def test_figures_of_both_arms_beside_the_run_that_learned_it(chain: tuple[Book, Run]) -> None:
    """By answering the rows again, without any of the test's own code."""
    book, run = chain
    made = plan(book.tables.get(2), book.data, continue_from=str(run.path))
    (task,) = earlier_tasks(made)
    right = np.zeros((2, 1, len(task.exam.rows)), dtype=bool)
    right[1, 0, : len(task.exam.rows) // 2] = True
    sides = [arm_scores(task.exam, side, made.labels.names) for side in right]
    (found,) = retained([task], [(sides[0], sides[1])], "accuracy")
    said = load_model(run.model, run.plan).logits(task.exam.rows).argmax(1)
    true = np.array([run.plan.labels.names.index(made.labels.names[target]) for target in task.exam.targets])
    assert found["learned"] == pytest.approx((said == true).mean())
    assert (found["a"], found["b"]) == (0.0, pytest.approx(right[1].mean()))
    assert (found["book"], found["run"], found["rows"]) == ("first", run.id, len(true))
    assert isinstance(task, EarlierTask)


def test_the_start_is_part_of_the_test(second: Book, chain: tuple[Book, Run], tmp_path: Path) -> None:
    run = chain[1]
    plain = prepare_test(second, 2, 1, seeds=3)
    found = prepare_test(second, 2, 3, seeds=3, continue_from=str(run.path))
    assert found.plan.continues == run.path and plain.plan.continues is None
    assert "retention" in [guard.name for guard in found.plan.guards]
    assert "retention" not in [guard.name for guard in plain.plan.guards]
    assert found.plan.a_plan != plain.plan.a_plan and found.plan.a_values == plain.plan.a_values
    moved = found.plan.model_copy(update={"continues": tmp_path})
    assert moved.id == found.plan.id, "where it lies does not decide"
    with pytest.raises(PlanError) as caught:
        prepare_test(second, 2, 3, seeds=3)
    assert caught.value.code == "forgetting.past", "replay has nothing to replay"
    asked = prepare_test(second, 2, 3, seeds=3, continue_from=str(run.path), guard={"retention": 0.1})
    (guard,) = [guard for guard in asked.plan.guards if guard.name == "retention"]
    assert (guard.margin, guard.least) == (0.1, 0) and asked.plan.id != found.plan.id


@pytest.fixture(scope="module")
def tested(chain: tuple[Book, Run], tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, Run, Verdict]:
    """A copy of the second book in which v2 and v3 were tested."""
    book, run = chain
    shutil.copytree(book.path, tmp_path_factory.mktemp("tested") / "second")
    copy = open_book(tmp_path_factory.getbasetemp() / "tested0" / "second")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tunebook.verbs.ab.remember", lambda book: None)
        patch.setattr("tunebook.verbs.promote.remember", lambda book: None)
        promote(copy, 2, force=True, reason="a start")
        copy = ab_book.set_gate(copy, seeds=3, looks=[])
        return copy, run, ab(copy, 2, 3, seeds=3, looks=(), continue_from=str(run.path))


def test_both_arms_continue_from_the_run_and_say_so(tested: tuple[Book, Run, Verdict]) -> None:
    book, run, verdict = tested
    named = [book.run(name) for side in "ab" for name in verdict.extra["runs"][side]]
    assert len(named) == 6 and all(item.plan.continues == run.path for item in named)
    assert verdict.continues == run.id and run.id in verdict.reason
    assert read_json(Verdict, verdict.path / "verdict.json").continues == run.id
    logged = [entry.evidence for entry in book.log.entries() if entry.action == "test"]
    assert [item["continues"] for item in logged] == [run.id]
    page = (verdict.path / "report.html").read_text(encoding="utf-8")
    assert run.id in page and "Kept of earlier tasks" in page and "Kept of the earlier task (first)" in page
    (kept,) = verdict.extra["retention"]
    (task,) = earlier_tasks(named[0].plan)
    for side in "ab":
        right = [
            (load_model(item.model, item.plan).logits(task.exam.rows).argmax(1) == task.exam.targets).mean()
            for item in (book.run(name) for name in verdict.extra["runs"][side])
        ]
        assert kept[side] == pytest.approx(np.mean(right))
    assert [guard.name for guard in verdict.guardrails if guard.kind == "retention"] == ["retention:first"]
    assert not list(run.path.glob("earlier/*")), "nothing is written into the run that both continue from"


def test_a_promotion_says_what_it_rests_on(tested: tuple[Book, Run, Verdict], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its fresh runs continue from the same run, and answer as its head numbers the classes."""
    book, run, verdict = tested
    forced = weigh(book, 3, verdict=verdict, reason="for the test", force=True)
    assert forced.change.evidence["verdict"]["continues"] == run.id
    for check in ("_passed", "_all_tests"):  # whatever the test has found
        monkeypatch.setattr(proof, check, lambda *_: None)
    monkeypatch.setattr(final_exam, "LEAST_ROWS", 2)
    trial = weigh(book, 3, verdict=verdict).trial
    assert trial is not None
    trial = replace(trial, seeds=trial.seeds[:2])
    scores = trial.scores()
    runs = [book.run(name) for name in scores["fresh"]["runs"]["b"]]
    assert all(item.plan.continues == run.path for item in runs)
    rows = split_exam(numbered(book.data, runs[0].plan.labels), "test")
    right = [(load_model(item.model, item.plan).logits(rows.rows).argmax(1) == rows.targets).mean() for item in runs]
    assert scores["b"] == pytest.approx(np.mean(right))


def test_mixtures_continue_too(tested: tuple[Book, Run, Verdict]) -> None:
    book, run, _ = tested
    prepared = prepare_test(book, 2, 3, seeds=3, continue_from=str(run.path))
    study = Study(book, prepared.arms, [1], prepared.exam)
    lr = child(book.tables.get(3), {"learning_rate": 0.02})
    mixed = mixer(book.tables.get(2), lr)
    both = replace(study, arms=(prepared.arms[0], Arm(lr, prepared.arms[1].base)))
    arm = both.arm(mixed, frozenset({"replay"}))
    assert arm is not None and arm.base.continues == run.path and "replay" in arm.base.techniques
