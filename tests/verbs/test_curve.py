"""A learning curve from end to end: nested parts, what is kept, budgets, kills, and what is refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from tests.books import QUICK
from tunebook.core.errors import BookError, PlanError, RunError
from tunebook.core.nouns import ParamTable
from tunebook.tables.make import child
from tunebook.verbs import curve as curve_module
from tunebook.verbs import curve_points
from tunebook.verbs.abtest.scored import Answers
from tunebook.verbs.curve import CurveOptions, cost, curve, read_curve
from tunebook.verbs.curve_points import Frozen, Point, Points, Trained
from tunebook.verbs.curve_scores import Asked, told
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run

OPTIONS = CurveOptions(sizes=(8, 16, 32, 1), seeds=2)


@pytest.fixture
def table(book: Book) -> ParamTable:
    return child(book.champion, {**QUICK, "max_epochs": 1})


@pytest.fixture
def learnt(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, int]]]:
    """Trainings that cost nothing: a row is answered wrongly with a chance that falls with the rows. What was asked."""
    asked: list[tuple[int, int]] = []

    def learn(self: Trained, places: Any, seed: int, progress: Any) -> tuple[Answers, float]:
        asked.append((len(places), seed))
        wrong = np.random.default_rng(seed).random(len(self.exam.rows)) < 1.2 * len(places) ** -0.5
        given = np.where(wrong, 1 - self.exam.targets, self.exam.targets)
        return Answers(np.eye(2, dtype=np.float32)[given] * 4), 2.0

    monkeypatch.setattr(Trained, "learn", learn)
    yield asked


def test_real_trainings(book: Book, table: ParamTable) -> None:
    rows = book.data.rows["train"]
    found = curve(book, table, replace(OPTIONS, sizes=(8, 16, 1), seeds=1))
    assert [point.rows for point in found.points] == [8, 16, rows] and found.had == found.asked == 3
    assert found.judged.law is None and not found.stopped
    folder = book.path / "curves" / found.curve
    assert not list((folder / "runs").glob("*/model")) and len(list((folder / "runs").iterdir())) == 2
    assert not list(book.path.glob("data-part-*")) and Path(found.page).is_file()
    whole = plan(table, book.data)
    assert [run.plan.id for run in book.runs] == [whole.id] and book.runs[0].is_arm  # the book's own, and no other
    assert read_curve(book) == found
    part = next((folder / "runs").iterdir())
    assert Run(part).plan.params.max_length == whole.params.max_length
    assert Run(part).plan.data_path.parent == book.path


def test_points_are_kept_and_more_are_added(
    book: Book, table: ParamTable, learnt: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = book.data.rows["train"]
    first = curve(book, table, OPTIONS)
    assert [seed for _, seed in learnt] == [42] * 4 + [43] * 4
    assert {size for size, _ in learnt} == {8, 16, 32, rows}
    learnt.clear()
    assert curve(book, table, OPTIONS) == first and not learnt
    more = curve(book, table, replace(OPTIONS, sizes=(8, 16, 24, 32, 1), seeds=3, target=0.9))
    assert len(learnt) == 3 + 4 and more.curve == first.curve and more.judged.needed is not None
    assert [len(point.seeds) for point in more.points] == [3] * 5 and more.judged.checks
    assert {item.name for item in more.classes} <= set(book.data.labels.names)
    assert more.seconds == 30.0
    for place, file in enumerate((book.path / "curves" / first.curve / "points").iterdir()):
        file.write_bytes(b"torn" if place % 2 else file.read_bytes()[:-40])
    learnt.clear()
    curve(book, table, OPTIONS)
    assert len(learnt) == 8  # what is damaged is made anew


def test_points_of_other_validation_rows_are_none(book: Book, table: ParamTable, learnt: list[tuple[int, int]]) -> None:
    whole = plan(table, book.data)
    exam = curve_module.split_exam(book.data, "validation")
    points = Points(book, book.path / "x", whole, exam, Trained(book, book.path / "x", table, whole, exam))
    assert points.kept(8, 1) is None and points.buy(8, 1).answers is not None
    kept = points.kept(8, 1)
    assert kept is not None and points.buy(8, 1).seconds == kept.seconds and len(learnt) == 1
    points.exam = replace(exam, key="other")
    assert points.kept(8, 1) is None


def test_only_the_rows_change(book: Book, table: ParamTable) -> None:
    closed = child(table, {"max_length": 16, "length_bucketing": "off"})
    for own in (table, closed):
        whole = plan(own, book.data)
        made = Trained(book, book.path / "x", own, whole, None)._table  # type: ignore[arg-type]
        values = made.values()
        assert (values["max_length"], values["length_bucketing"]) == (
            whole.params.max_length, whole.params.length_bucketing,
        )  # fmt: skip
        assert (made is own) == (own is closed)


def test_parts_hold_the_ones_before(book: Book, table: ParamTable) -> None:
    points = Points(book, book.path / "x", plan(table, book.data), None, None)  # type: ignore[arg-type]
    small_part, large = (set(points.places(size, 1).tolist()) for size in (10, 30))
    assert small_part < large and set(points.places(10, 2).tolist()) != small_part


def test_a_budget_ends_between_runs(
    book: Book, table: ParamTable, learnt: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(0, 10_000, 40))
    monkeypatch.setattr(curve_module.time, "monotonic", lambda: float(next(clock)))
    monkeypatch.setattr(curve_module, "_seconds", lambda *more: 10.0)
    found = curve(book, table, replace(OPTIONS, minutes=4))
    assert found.stopped and found.had == 5 and [len(point.seeds) for point in found.points] == [1] * 4
    learnt.clear()
    rest = curve(book, table, replace(OPTIONS, minutes=4))
    assert not rest.stopped and len(learnt) == 3


def test_the_cost_is_told_before(book: Book, table: ParamTable, learnt: list[tuple[int, int]]) -> None:
    told_before = cost(book, table, replace(OPTIONS, minutes=1e6))
    assert told_before.runs == 8 == told_before.reach and [size.runs for size in told_before.sizes] == [2] * 4
    assert told_before.seconds == pytest.approx(sum(size.seconds or 0 for size in told_before.sizes))
    assert told_before.trainings > 2  # the two on all rows, and the smaller ones
    assert not learnt and not (book.path / "curves").exists()
    curve(book, table, OPTIONS)
    after = cost(book, table, OPTIONS)
    assert (after.runs, after.seconds, after.trainings, after.reach) == (0, 0.0, 0.0, None)
    frozen = cost(book, table, replace(OPTIONS, frozen=True, minutes=1))
    assert frozen.runs == 8 and frozen.seconds is None and frozen.reach is None


def test_default_sizes(book: Book, table: ParamTable) -> None:
    sizes = [size.rows for size in cost(book, table).sizes]
    rows = book.data.rows["train"]
    assert sizes == sorted(set(sizes)) and sizes[-1] == rows and sizes[0] >= 16


def test_a_quick_curve_of_frozen_features(book: Book, table: ParamTable) -> None:
    found = curve(book, table, replace(OPTIONS, frozen=True, target=0.999))
    assert found.frozen and len(found.points) == 4 and found.judged.needed is not None
    assert read_curve(book, found.curve) == found and not book.runs
    assert found.curve != cost(book, table, OPTIONS).curve


def test_a_run_that_came_to_nothing_leaves_its_size_out(
    book: Book, table: ParamTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def learn(self: Trained, places: Any, seed: int, progress: Any) -> tuple[Answers | None, float]:
        right = np.eye(2, dtype=np.float32)[self.exam.targets]
        return (None if len(places) == 16 else Answers(right, right)), 1.0

    monkeypatch.setattr(Trained, "learn", learn)
    found = curve(book, table, OPTIONS)
    assert [point.rows for point in found.points] == [8, 32, book.data.rows["train"]] and found.had == 8
    assert curve(book, table, OPTIONS) == found


def test_a_model_that_says_the_same_of_all_rows(book: Book, table: ParamTable, monkeypatch: pytest.MonkeyPatch) -> None:
    def learn(self: Trained, places: Any, seed: int, progress: Any) -> tuple[Answers, float]:
        return Answers(np.tile(np.float32([2.0, 0.0]), (len(self.exam.rows), 1))), 1.0

    monkeypatch.setattr(Trained, "learn", learn)
    found = curve(book, table, replace(OPTIONS, target=0.9))
    assert found.alike and found.judged.needed is not None and found.judged.needed.reason == "alike"
    assert curve(book, table, OPTIONS).judged.needed is None


def test_intervals_end_where_the_metric_does(book: Book, table: ParamTable, monkeypatch: pytest.MonkeyPatch) -> None:
    def learn(self: Trained, places: Any, seed: int, progress: Any) -> tuple[Answers, float]:
        said = np.where(np.arange(len(self.exam.rows)) == 0, self.exam.targets, 1 - self.exam.targets)
        return Answers(np.eye(2, dtype=np.float32)[said]), 1.0

    monkeypatch.setattr(Trained, "learn", learn)
    points = curve(book, table, replace(OPTIONS, metric="accuracy")).points
    assert points and all(point.score.low == 0 < point.score.value for point in points), "not below"


def test_nothing_at_all(book: Book, table: ParamTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trained, "learn", lambda *more: (None, 1.0))
    found = curve(book, table, replace(OPTIONS, target=0.9))
    assert found.points == [] and found.classes == [] and found.judged.needed is not None
    assert found.judged.needed.reason == "sizes"


def test_a_killed_run_is_taken_up_again(book: Book, table: ParamTable, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    train = curve_points.trained

    def killed(folder: Path, made: Any, progress: Any = None) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise RunError("run.interrupted", key="run")
        return train(folder, made, progress)

    monkeypatch.setattr(curve_points, "trained", killed)
    options = replace(OPTIONS, sizes=(8, 16), seeds=1)
    with pytest.raises(RunError, match="interrupted"):
        curve(book, table, options)
    found = curve(book, table, options)
    assert len(calls) == 3 and found.had == 2 and not list(book.path.glob("data-part-*"))


def test_rows_without_labels_have_no_curve(book: Book, table: ParamTable, monkeypatch: pytest.MonkeyPatch) -> None:
    split_exam = curve_module.split_exam

    def bare(*more: Any) -> Any:
        exam = split_exam(*more)
        return replace(exam, rows=replace(exam.rows, targets=None))

    monkeypatch.setattr(curve_module, "split_exam", bare)
    with pytest.raises(PlanError) as raised:
        cost(book, table, OPTIONS)
    assert raised.value.code == "curve.task"


def test_what_is_refused(book: Book, table: ParamTable) -> None:
    for code, more in (
        ("curve.option", {"seeds": 0}),
        ("curve.option", {"minutes": -1}),
        ("curve.sizes", {"sizes": (1e6,)}),
        ("curve.sizes", {"sizes": (-3,)}),
        ("curve.size_twice", {"sizes": (16, 32, 16)}),
        ("curve.size_twice", {"sizes": (0.5, float(round(book.data.rows["train"] / 2)))}),
        ("curve.metric", {"metric": "log_loss"}),
        ("curve.metric", {"metric": "nothing"}),
        ("curve.target", {"target": 1.2}),
    ):
        with pytest.raises(PlanError) as raised:
            cost(book, table, replace(OPTIONS, **more))
        assert raised.value.code == code
    made = cost(book, table, OPTIONS)
    folder = book.path / "curves" / made.curve
    folder.mkdir(parents=True)
    with FileLock(folder / ".lock"), pytest.raises(BookError) as busy:
        curve(book, table, OPTIONS)
    assert busy.value.code == "curve.busy"


def test_no_curve_yet_or_none_that_can_be_read(book: Book, table: ParamTable, learnt: list[tuple[int, int]]) -> None:
    assert read_curve(book) is None
    found = curve(book, table, OPTIONS)
    broken = book.path / "curves" / "broken"
    broken.mkdir()
    (broken / "curve.json").write_text("{", encoding="utf-8")
    assert read_curve(book) == found
    shutil.rmtree(book.path / "curves" / found.curve)
    assert read_curve(book) is None


def test_a_task_without_frozen_features(trained: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    made = trained("binary")
    monkeypatch.setattr(curve_points, "FROZEN", "another")
    with pytest.raises(PlanError) as raised:
        Frozen(made.book.data, made.run.plan)
    assert raised.value.code == "curve.frozen"


def test_scores_of_points() -> None:
    asked = Asked("accuracy", 1.0, [1, 2], [5, 6])
    assert asked.wanted == [(1, 5), (2, 5), (1, 6), (2, 6)]
    assert Point(3, 1, None, 2.0).rows == 3 and told is not None
