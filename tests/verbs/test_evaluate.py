"""A report says what scikit-learn says of the predictions, and the predictions are those of all rows, in order."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from tests import small
from tests.books import QUICK, Trained
from tunebook.core.errors import DataError, RunError
from tunebook.core.lineage import Ingredient, Recipe
from tunebook.core.locations import write_plan
from tunebook.core.nouns import Interval, Report, read_json, write_json
from tunebook.data.load import load
from tunebook.data.options import DataOptions
from tunebook.stats.bootstrap import Units
from tunebook.stats.proportion import right_interval, wilson_interval
from tunebook.tables.files import read_table
from tunebook.tables.make import child
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.init import init
from tunebook.verbs.run_report import again
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run, keep_table, new_run
from tunebook.verbs.steps.train import train

KINDS = pytest.mark.parametrize("kind", small.KINDS)
SCORE = "tunebook eval BOOK --run latest"


def predictions(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run.path / "predictions.jsonl").read_text(encoding="utf-8").splitlines()]


@KINDS
def test_predictions_are_those_of_all_rows_in_order(kind: str, trained: Callable[[str], Trained]) -> None:
    found = trained(kind)
    rows = load(found.book.data, "test")
    records = predictions(found.run)
    assert [record["id"] for record in records] == [str(number) for number in rows.ids]
    assert [record["text"] for record in records] == list(rows.texts)
    assert [record.get("pair") for record in records] == list(rows.pairs or [None] * len(rows))
    assert found.report.rows == len(records) == found.book.data.rows["test"]


@KINDS
def test_the_numbers_are_those_of_scikit_learn(kind: str, trained: Callable[[str], Trained]) -> None:
    found = trained(kind)
    records = predictions(found.run)
    true, said = [r["true"] for r in records], [r["label"] for r in records]
    report = found.report.metrics
    if kind == "number":
        assert report["mae"] == pytest.approx(metrics.mean_absolute_error(true, said), rel=1e-5)
        assert report["r2"] == pytest.approx(metrics.r2_score(true, said), rel=1e-4)
        assert report["pearson"] == pytest.approx(np.corrcoef(true, said)[0, 1], rel=1e-4)
    elif kind == "several":
        names = found.run.plan.labels.names
        y, p = (np.array([[name in row for name in names] for row in column]) for column in (true, said))
        assert report["micro_f1"] == pytest.approx(metrics.f1_score(y, p, average="micro", zero_division=0))
        assert report["macro_f1"] == pytest.approx(metrics.f1_score(y, p, average="macro", zero_division=0))
        assert report["accuracy"] == pytest.approx(metrics.accuracy_score(y, p))
    else:
        names = found.run.plan.labels.names
        assert report["accuracy"] == pytest.approx(metrics.accuracy_score(true, said))
        assert report["macro_f1"] == pytest.approx(metrics.f1_score(true, said, average="macro", zero_division=0))
        assert found.report.confusion == metrics.confusion_matrix(true, said, labels=names).tolist()
    if kind == "ordered":
        kappa = metrics.cohen_kappa_score(true, said, labels=small.LEVELS, weights="quadratic")
        assert report["qwk"] == pytest.approx(kappa)
    for name, interval in found.report.intervals.items():
        assert interval.value == pytest.approx(report[name], abs=1e-6)
        assert interval.low <= interval.value <= interval.high


@KINDS
def test_the_files_of_an_evaluated_run(kind: str, trained: Callable[[str], Trained]) -> None:
    found = trained(kind)
    report = evaluate(found.run, with_baselines=False)
    assert read_json(Report, found.run.path / "report.json").model_dump_json() == report.model_dump_json()
    assert report.model_dump_json() == found.report.model_dump_json(), "the same again"
    assert found.run.report is not None
    assert found.report.content == found.book.data.content
    assert found.report.run == found.run.id
    assert found.report.headline in found.report.metrics
    assert (found.run.path / "report.html").stat().st_size > 1000
    assert (found.run.model / "README.md").is_file()
    assert not list(found.run.path.glob("*.part"))


def test_what_was_learnt_is_better_than_chance(trained: Callable[[str], Trained]) -> None:
    assert trained("classes").report.metrics["accuracy"] > 0.5


def test_rows_of_one_group_count_as_one_draw(base: Path, tmp_path: Path) -> None:
    lines = [f"{text},{label},user {number // 6}" for number, (text, label) in enumerate(small.texts(240))]
    file = tmp_path / "rows.csv"
    file.write_text("\n".join(["text,label,user", *lines]) + "\n", encoding="utf-8")
    made = init(tmp_path / "book", file, model=str(base), options=DataOptions(group="user"), owner="Ada")
    run = train(plan(child(made.champion, {**QUICK, "max_epochs": 1}), made.data), made.path / "runs", track=())
    report = evaluate(run, with_baselines=False)
    rows = load(made.data, "test")
    users = [rows.other["user"][place] for place in range(len(rows))]
    assert report.groups == len(set(users)) < len(users)
    records = predictions(run)
    right = np.array([record["true"] == record["label"] for record in records])
    assert report.intervals["accuracy"] == right_interval(
        right, Units.of(len(right), np.unique(users, return_inverse=True)[1])
    )
    alone = wilson_interval(int(right.sum()), len(right))
    assert report.intervals["accuracy"].high - report.intervals["accuracy"].low > alone.high - alone.low
    assert set(report.interval_notes) >= {"accuracy", "macro_f1"}, "fewer than ten users are too few"
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert f"{report.groups} groups" in page and "too few groups" in page
    assert "too few groups" in (run.model / "README.md").read_text(encoding="utf-8")


def test_how_far_a_run_is_ahead_is_told_row_by_row(trained: Callable[[str], Trained]) -> None:
    """Also where a book keeps the scores of its baselines and no answers of them, as older ones do."""
    found = trained("classes")
    report = evaluate(found.run)
    best = max(scores[report.headline] for scores in report.baselines.values())
    assert report.ahead is not None and report.ahead.value == pytest.approx(report.metrics[report.headline] - best)
    assert report.ahead.low <= report.ahead.value <= report.ahead.high
    kept = list((found.book.path / "cache").glob("baselines-*.npz"))
    assert len(kept) == len(report.baselines)
    for file in kept:
        file.unlink()
    assert evaluate(found.run).ahead == report.ahead
    assert len(list((found.book.path / "cache").glob("baselines-*.npz"))) == 1, "that of the best alone"


def test_another_split(trained: Callable[[str], Trained]) -> None:
    found = trained("classes")
    report = evaluate(found.run, split="validation", with_baselines=False)
    assert report.rows == found.book.data.rows["validation"]
    assert report.split == "validation"
    assert (found.run.path / "validation" / "report.json").is_file()
    assert found.run.report is None or found.run.report.split == "test", "the test split's report stays as it was"
    again = evaluate(found.run, found.book.data, with_baselines=False)
    assert again.metrics == found.report.metrics


def test_a_split_without_rows(trained: Callable[[str], Trained]) -> None:
    found = trained("classes")
    rows = {**found.book.data.rows, "test": 0}
    with pytest.raises(DataError, match="train") as caught:
        evaluate(found.run, found.book.data.model_copy(update={"rows": rows}))
    assert caught.value.code == "data.no_split"


def test_rows_without_labels(trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from tunebook.data import load as module

    found = trained("classes")
    bare = replace(load(found.book.data, "test"), targets=None)
    monkeypatch.setattr(module, "load", lambda ref, split: bare)
    with pytest.raises(DataError) as caught:
        evaluate(found.run)
    assert caught.value.code == "data.no_labels"


def test_a_run_that_has_not_finished(trained: Callable[[str], Trained], tmp_path: Any) -> None:
    from tunebook.core.nouns import write_json
    from tunebook.tables.make import child

    found = trained("classes")
    made = plan(child(found.book.champion, QUICK), found.book.data)
    run = new_run(tmp_path, made)
    write_json(made, run.path / "plan.json")
    with pytest.raises(RunError) as caught:
        evaluate(run)
    assert caught.value.code == "run.unfinished"


def test_a_version_an_arm_of_a_test_and_a_run_of_an_older_version(book: Book) -> None:
    run, made = Run(book.path / "runs" / "one"), plan(book.champion, book.data)
    write_plan(made, run.path)
    keep_table(made, run)
    assert again(run) == ["tunebook train BOOK --table v1 --again", SCORE]
    assert not (run.path / "table.json").exists(), "the version has it"
    write_plan(made.with_seed(5), run.path)
    assert again(run) == ["tunebook train BOOK --table v1 --set seed=5 --again", SCORE]
    write_plan(made.model_copy(update={"table_version": 9}), run.path)
    assert again(run)[0] == f"tunebook train BOOK --table v9 --set seed={made.seed} --again", "it is gone"
    write_plan(made.model_copy(update={"table_version": 0}), run.path)
    assert again(run)[0] == "tunebook train BOOK --again", "an older version kept no table"


def test_a_changed_table_is_kept_with_its_seed(book: Book, tmp_path: Path) -> None:
    made = plan(child(book.champion, {"max_steps": 3}), book.data, seed=4, allow=frozenset({"unknown_tokens"}))
    run = Run(book.path / "runs" / "one")
    write_plan(made, run.path)
    keep_table(made.with_seed(6), run)
    table = read_table(run.path / "table.json")
    assert (table.values()["max_steps"], table.values()["seed"]) == (3, 6)
    assert again(run)[0] == ("tunebook train BOOK --table BOOK/runs/one/table.json --allow-unknown-tokens --again")
    other = Run(tmp_path / "elsewhere" / "run")
    write_plan(made, other.path)
    assert again(other)[0] == f"tunebook train BOOK --table {other.path}/table.json --allow-unknown-tokens --again"
    assert json.loads((run.path / "table.json").read_text())["max_steps"] == 3


def test_a_run_that_continues_and_a_soup(book: Book) -> None:
    run, made = Run(book.path / "runs" / "one"), plan(book.champion, book.data)
    for before, told in ((book.path / "runs" / "zero", "zero"), (book.path / "far", str(book.path / "far"))):
        write_plan(made.model_copy(update={"continues": before}), run.path)
        before.mkdir()
        assert again(run)[0] == f"tunebook train BOOK --table v1 --continue-from {told} --again"
    one, gain = Ingredient(run="a", score=0.8, mean=0.8, taken=True), Interval(value=0, low=0, high=0)
    recipe = Recipe(method="uniform", metric="f1", rows=9, ingredients=[one, one.model_copy(update={"run": "b"})],
                    score=0.8, gain=gain, ensemble=0.8)  # fmt: skip
    write_json(recipe, run.path / "soup.json")
    assert again(run) == ["tunebook soup BOOK a b --method uniform", SCORE]
