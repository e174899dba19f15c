"""A run that continues from others: its head, its rows, what it says it has kept of theirs."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import small
from tests.books import QUICK
from tunebook.core.errors import PlanError, RunError
from tunebook.core.nouns import Labels
from tunebook.data.load import load
from tunebook.engine.load import load_model
from tunebook.tables.make import child
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.init import init
from tunebook.verbs.predict import predict
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.retention import read_retention, retention
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import train

ONE = {**QUICK, "max_epochs": 4}


def book_of(folder: Path, classes: tuple[str, ...], base: Path, count: int = 120, seed: int = 0) -> Book:
    """A book of some of the small language's classes."""
    rows = [row for row in small.texts(count * 2, 3, seed) if row[1] in classes][:count]
    folder.mkdir()
    with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([("text", "label"), *rows])
    return init(folder / "book", folder / "rows.csv", model=str(base))


@pytest.fixture(scope="module")
def chain(base: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Book, Run]]:
    """Three books in turn: bad and good; so and good (a class more); bad and good again, with replay."""
    folder = tmp_path_factory.mktemp("chain")
    books = [
        book_of(folder / "first", ("bad", "good"), base),
        book_of(folder / "second", ("so", "good"), base, seed=5),
        book_of(folder / "third", ("bad", "good"), base, 60, seed=9),
    ]
    runs: list[Run] = []
    for book, rows in zip(books, ({}, {"ewc": "on", "ewc.rows": 8}, {"replay.size": 30}), strict=True):
        start = str(runs[-1].path) if runs else None
        runs.append(train(plan(child(book.champion, {**ONE, **rows}), book.data, continue_from=start), track=()))
        evaluate(runs[-1], with_baselines=False)
    return list(zip(books, runs, strict=True))


def test_a_chain_of_runs_has_one_head_and_one_numbering(chain: list[tuple[Book, Run]]) -> None:
    first, second, third = (run.plan for _, run in chain)
    assert first.labels.names == ["bad", "good"] and second.labels.names == ["bad", "good", "so"]
    assert third.labels.names == second.labels.names
    assert third.model == str(chain[1][1].path / "model") and third.continues == chain[1][1].path
    assert first.continues is None and "continue_from" not in first.inputs
    assert set(predict(chain[1][1], ["the room was great"])[0]["scores"]) == {"bad", "good", "so"}


def test_the_report_covers_all_runs_before(chain: list[tuple[Book, Run]]) -> None:
    runs = [run for _, run in chain]
    assert read_retention(runs[0]) is None and retention(runs[1], runs[1].report) is not None  # type: ignore[arg-type]
    kept = read_retention(runs[2])
    assert kept is not None and [task.run for task in kept.tasks] == [runs[0].id, runs[1].id]
    for task, (book, run) in zip(kept.tasks, chain[:2], strict=True):
        assert run.report is not None
        assert task.learned.value == pytest.approx(run.report.metrics["accuracy"])
        data = book.data.model_copy(update={"labels": runs[2].plan.labels})
        rows = load(data, "test")
        said = load_model(runs[2].model, runs[2].plan).logits(rows).argmax(1)
        assert task.final.value == pytest.approx(float((said == rows.targets).mean()))
        assert task.lost.value == pytest.approx(task.learned.value - task.final.value)
        assert task.lost.low <= task.lost.value <= task.lost.high
    between = read_retention(runs[1])
    assert between is not None
    assert kept.tasks[0].best == max(kept.tasks[0].learned.value, between.tasks[0].final.value)
    assert kept.chance is None and kept.own.value == runs[2].report.metrics["accuracy"]  # type: ignore[union-attr]
    assert "Forgetting" in (runs[2].path / "report.html").read_text(encoding="utf-8")


def test_nobody_is_asked_twice(chain: list[tuple[Book, Run]], passes: Callable[[], int]) -> None:
    _, run = chain[1]
    evaluate(run, with_baselines=False)
    first = (run.path / "retention.json").read_bytes()
    passes()
    evaluate(run, with_baselines=False)
    assert passes() == 0 and (run.path / "retention.json").read_bytes() == first


def test_with_baselines_there_is_chance(chain: list[tuple[Book, Run]]) -> None:
    _, run = chain[1]
    report = evaluate(run)
    kept = read_retention(run)
    assert kept is not None and kept.chance == report.baselines["majority"]["accuracy"] and kept.forward is not None


def test_rows_of_every_run_before_are_there_to_be_replayed(chain: list[tuple[Book, Run]]) -> None:
    from tunebook.verbs.steps.train import fit_of

    past = fit_of(chain[2][1].plan, chain[2][1]).context.source.past  # type: ignore[union-attr]
    counts = [book.data.rows["train"] for book, _ in chain]
    assert past is not None and len(past) == counts[0] + counts[1]
    assert np.bincount(past.fixed["past.age"]).tolist() == [0, counts[1], counts[0]]
    assert set(past.fixed["labels"][past.fixed["past.age"] == 1]) == {1, 2}
    assert set(past.fixed["labels"][past.fixed["past.age"] == 2]) == {0, 1}
    assert chain[2][1].outcome["counters"]["replay"]["rows_kept"] == 30


def test_a_run_that_is_gone_or_another_than_planned(chain: list[tuple[Book, Run]], tmp_path: Path) -> None:
    book, run = chain[1]
    made = run.plan.model_copy(update={"inputs": {"continue_from": "0" * 12}})
    with pytest.raises(RunError) as caught:
        train(made, tmp_path / "runs", track=())
    assert caught.value.code == "run.input"
    with pytest.raises(RunError) as caught:
        train(run.plan.model_copy(update={"continues": tmp_path / "gone"}), tmp_path / "more", track=())
    assert caught.value.code == "forgetting.gone"
    with pytest.raises(PlanError) as refused:
        plan(child(book.champion, {"replay": "on"}), book.data)
    assert refused.value.code == "forgetting.past"


def test_a_book_without_test_rows_is_left_out(chain: list[tuple[Book, Run]], monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebook.engine import continual as module

    whole = module.data_of

    def untested(theirs: Any, labels: Labels) -> Any:
        found = whole(theirs, labels)
        return found.model_copy(update={"rows": {**found.rows, "test": 0}})

    monkeypatch.setattr(module, "data_of", untested)
    _, run = chain[1]
    assert retention(run, run.report) is None  # type: ignore[arg-type]


def test_numbers_have_retention_too(base: Path, tmp_path: Path) -> None:
    runs: list[Run] = []
    for name in ("one", "two"):
        file = small.write_records(tmp_path / f"{name}.csv", "number", 80, seed=len(runs))
        book = init(tmp_path / name, file, model=str(base), options=small.options("number"))
        start = str(runs[0].path) if runs else None
        runs.append(train(plan(child(book.champion, ONE), book.data, continue_from=start), track=()))
        evaluate(runs[-1], with_baselines=False)
    kept = json.loads((runs[1].path / "retention.json").read_text())
    assert kept["metric"] == "spearman" and kept["tasks"][0]["book"] == "one"
    assert runs[1].plan.labels.low == min(run.plan.labels.low for run in runs)  # type: ignore[type-var]
