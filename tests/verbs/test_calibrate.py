"""Thresholds are chosen on validation rows, told on test rows, and stored with the model; answers are made up here."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

import tunebook as tb
from tests import small
from tests.tasks.embedding.test_passages import file_of
from tests.verbs.steps.test_general import EMBEDDING, graded
from tunebook.core.errors import DataError, PlanError, RunError
from tunebook.core.hits import read_threshold
from tunebook.core.judged import Judged
from tunebook.core.registry import tasks
from tunebook.data.load import load
from tunebook.models.source import model_id
from tunebook.report.card import threshold_text
from tunebook.verbs import calibrate as verb
from tunebook.verbs.calibrate import calibrate


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("base") / "base")


def of(book: Any, folder: Path, made: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A run of a book that answers to rows as `made` says."""
    plan = tb.plan(book.champion, book.data)
    folder.mkdir()
    monkeypatch.setattr(verb, "answers", lambda run, rows, place, progress=None: made(rows))
    return SimpleNamespace(plan=plan, id="r", model=folder, path=folder, report=None, book=folder)


@pytest.fixture
def pairs(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Pairs with grades from 0 to 4 and cosines that follow them roughly."""
    options = tb.DataOptions(text="first", text_pair="second", label="score", problem="regression", task="embedding")
    book = tb.init(tmp_path / "sts", graded(tmp_path / "pairs.csv", 600), model=base, options=options)

    def cosines(rows: Any) -> Any:
        noise = np.random.default_rng(len(rows)).normal(size=len(rows)) * 0.2
        return (rows.targets / 5 + noise)[:, None].astype(np.float32)

    return of(book, tmp_path / "model", cosines, monkeypatch), book, cosines


def test_of_graded_pairs_those_of_the_highest_grades_match(pairs: Any) -> None:
    run, book, cosines = pairs
    made = calibrate(run)
    assert made == read_threshold(run.model)
    assert made.least == pytest.approx(3.2) and made.wanted is None and made.run == "r"
    for split, told in (("validation", made.validation), ("test", made.test)):
        rows = load(book.data, split)
        right, said = rows.targets >= 3.2, cosines(rows)[:, 0] >= made.threshold
        assert told.rows == len(rows)
        assert told.precision.value == pytest.approx(metrics.precision_score(right, said))
        assert told.recall.value == pytest.approx(metrics.recall_score(right, said))
        assert told.f1.low < told.f1.value == pytest.approx(metrics.f1_score(right, said))
    stricter = calibrate(run, precision=0.95)
    assert stricter.threshold > made.threshold and stricter.validation.precision.value >= 0.95
    assert calibrate(run, least=1.0).threshold < made.threshold


def test_the_card_tells_it_and_answers_stay_those_of_the_same_model(pairs: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    run, _, _ = pairs
    (run.model / "config.json").write_text("{}")
    before = model_id(run.model)
    assert threshold_text(run.model) == ""
    made = calibrate(run)
    assert model_id(run.model) == before
    assert f"Scores of {made.threshold:.4f}" in threshold_text(run.model)
    written: list[Any] = []
    monkeypatch.setattr("tunebook.report.card.write_model_card", lambda *given: written.append(given))
    run.report = "report"
    calibrate(run)
    assert written[0][0] == run.model and written[0][2] == "report"


def test_of_queries_the_ten_best_passages_count(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = tb.init(tmp_path / "book", file_of(tmp_path / "rows.jsonl"), model=base, options=EMBEDDING)

    def found(rows: Any) -> Any:
        """Twelve passages of each query, the relevant one eleventh in every other row."""
        true = Judged.of(rows.targets)
        relevant = true.at(true.value > 0).passage
        count = len(rows)
        lines = []
        for row, one in enumerate(relevant.tolist()):
            others = [number for number in range(13) if number != one][:11]
            others.insert(0 if row % 2 else 10, one)
            lines.append(others)
        scores = np.tile(np.linspace(0.9, 0.3, 12), count)
        return Judged(np.repeat(np.arange(count), 12), np.concatenate(lines), scores, count).matrix(np.float32)

    run = of(book, tmp_path / "model", found, monkeypatch)
    made = calibrate(run)
    rows = load(book.data, "test")
    within = int(sum(row % 2 for row in range(len(rows))))
    assert made.least is None
    assert made.test.precision.value == made.test.recall.value == pytest.approx(within / len(rows)), "the first of each"
    assert made.test.recall.value == pytest.approx(within / len(rows))
    assert 0.8 < made.threshold < 0.9


def test_a_reranker_scores_all_its_candidates_and_gains_may_be_held_to_more() -> None:
    task: Any = tasks()["reranking"]()
    case = next(case for case in task.cases() if case.name == "graded")
    every = task.hits(case.right, case.rows.targets, case.labels, task.matches_from(case.labels))
    judged = Judged.of(case.rows.targets)
    assert len(every.score) == len(judged.row) and every.right.sum() == (judged.value > 0).sum() == every.matches
    best = task.hits(case.right, case.rows.targets, case.labels, 3.0)
    assert best.right.sum() == (judged.value >= 3).sum() and best.rows == len(case.rows)


def test_what_cannot_be_chosen_is_refused_with_the_way_out(pairs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run, _, _ = pairs
    for wrong in ({"precision": 0.0}, {"precision": 1.5}, {"least": 0.0}, {"least": 4.5}):
        with pytest.raises(PlanError) as how:
            calibrate(run, **wrong)
        assert how.value.code == "calibrate.how" and how.value.allowed
    monkeypatch.setattr(verb, "answers", lambda run, rows, place, progress=None: -rows.targets[:, None])
    with pytest.raises(DataError) as caught:
        calibrate(run, precision=0.9)
    assert caught.value.code == "calibrate.precision" and float(caught.value.allowed) < 0.9
    other = SimpleNamespace(plan=run.plan.model_copy(update={"task": "question_answering"}), id="r", book=run.book)
    with pytest.raises(RunError) as task:
        calibrate(other)
    assert task.value.code == "calibrate.task" and "re-ranks" in task.value.advice


def test_prepared_data_one_kind_and_a_split_that_is_not_there(pairs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebook.data import frozen

    run, book, _ = pairs
    monkeypatch.setattr(tasks()["embedding"], "matches_from", lambda self, labels: -1.0)
    with pytest.raises(DataError) as side:
        calibrate(run)
    assert side.value.code == "calibrate.one_side"
    less = book.data.model_copy(update={"rows": {**book.data.rows, "test": 0}})
    monkeypatch.setattr(frozen, "prepared_data", lambda plan: less)
    with pytest.raises(DataError) as empty:
        calibrate(run)
    assert empty.value.code == "data.no_split"
