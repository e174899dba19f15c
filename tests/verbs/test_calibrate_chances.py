"""Probabilities are calibrated on validation rows, told on test rows and stored with the model, by made-up answers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

import tunebook as tb
from tests import small
from tunebook.core.calibrates import Calibration, read_calibration
from tunebook.core.errors import DataError, PlanError, RunError, TunebookError
from tunebook.core.links import sigmoid, softmax
from tunebook.data.load import load
from tunebook.stats.bootstrap import folds_of
from tunebook.stats.calibration import calibration_error
from tunebook.stats.temperature import fit
from tunebook.verbs import calibrate_chances as verb
from tunebook.verbs.calibrate import calibrate
from tunebook.verbs.calibrate_chances import Wanted, calibrate_chances

HOT = 3.0  # the models here are three times too sure


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("base") / "base")


@pytest.fixture(scope="module")
def books(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Kind -> a book of such rows, made once."""
    made: dict[str, Any] = {}

    def book(kind: str, rows: int = 700) -> Any:
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            file = small.write_records(folder / "rows.csv", kind, rows)
            options = small.options(kind).model_copy(update={"split": "1:2:2"})
            made[kind] = tb.init(folder / "book", file, model=base, options=options)
        return made[kind]

    return book


def said(rows: Any, classes: int) -> Any:
    """Logits of a model that is as right as its chances, but for being too sure of them; the same for the same rows."""
    draw = np.random.default_rng(len(rows))
    noise = draw.normal(size=(len(rows), classes))
    several = rows.targets.ndim == 2
    true = rows.targets * 2.0 - 1 if several else np.eye(classes)[rows.targets] * 1.5
    return (HOT * (true + noise)).astype(np.float32)


def run_of(book: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, made: Any = said) -> Any:
    plan = tb.plan(book.champion, book.data)
    folder.mkdir()
    classes = len(plan.labels.names)
    monkeypatch.setattr(verb, "answers", lambda run, rows, place, progress=None: made(rows, classes))
    monkeypatch.setattr(verb, "model_key", lambda run: "key")
    return SimpleNamespace(plan=plan, id="r", model=folder, path=folder, report=None, book=folder)


def chances_of(book: Any, split: str, scale: Any = 1.0) -> tuple[Any, Any]:
    rows = load(book.data, split)
    logits = said(rows, len(book.data.labels.names)) / np.reshape(scale, (-1, 1))
    return (sigmoid if rows.targets.ndim == 2 else softmax)(logits), rows.targets


@pytest.mark.parametrize("kind", ["binary", "classes", "several"])
def test_a_temperature_is_chosen_on_validation_and_told_on_test_rows(
    kind: str, books: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = books(kind)
    run = run_of(book, tmp_path / "model", monkeypatch)
    made = calibrate(run)
    assert isinstance(made, Calibration) and made == read_calibration(run.model)
    link = book.data.labels.kind.link
    rows = load(book.data, "validation")
    logits = said(rows, len(book.data.labels.names))
    heat = made.temperature
    assert heat.value == pytest.approx(fit(logits, rows.targets, link)) and heat.applied and heat.gain.low > 0
    for scale, side in ((1.0, "before"), (heat.value, "after")):
        chances, true = chances_of(book, "test", scale)
        told = getattr(heat.test["log_loss"], side), getattr(heat.test["ece"], side)
        if link == "sigmoid":
            loss = metrics.log_loss(true.ravel(), chances.ravel())
            error = calibration_error(chances.ravel(), true.ravel())
        else:
            loss = metrics.log_loss(true, chances)
            error = calibration_error(chances.max(1), chances.argmax(1) == true)
        assert (told[0].value, told[1].value) == pytest.approx((loss, error), rel=1e-5)
        assert told[0].low < told[0].value < told[0].high
    assert heat.test["ece"].after.value < heat.test["ece"].before.value


def test_validation_figures_are_those_of_folds_that_chose_nothing(
    books: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = books("binary")
    run = run_of(book, tmp_path / "model", monkeypatch)
    made = calibrate_chances(run, Wanted(precision=0.9))
    rows = load(book.data, "validation")
    logits, folds = said(rows, 2), folds_of(len(rows))
    given, loss = np.zeros(len(rows), dtype=int), np.zeros(len(rows))
    for fold in np.unique(folds):
        own, others = folds == fold, folds != fold
        scale = fit(logits[others], rows.targets[others], "softmax")
        chances = softmax(logits / scale)
        precision, _, cuts = metrics.precision_recall_curve(rows.targets[others] == 1, chances[others, 1])
        least = cuts[np.flatnonzero(precision[:-1] >= 0.9)[0]]
        below = chances[others, 1][chances[others, 1] < least].max()
        given[own] = chances[own, 1] >= (least + below) / 2
        loss[own] = -np.log(chances[own, rows.targets[own]])
    assert made.cuts is not None
    assert made.cuts.validation["precision"].after.value == pytest.approx(metrics.precision_score(rows.targets, given))
    assert made.cuts.validation["recall"].after.value == pytest.approx(metrics.recall_score(rows.targets, given))
    assert made.temperature.validation["log_loss"].after.value == pytest.approx(loss.mean())


def test_thresholds_are_chosen_on_validation_rows_only(books: Any, tmp_path: Path, monkeypatch: Any) -> None:
    """Whatever is true of the test rows, the same thresholds are stored."""
    book = books("several")
    run = run_of(book, tmp_path / "model", monkeypatch)
    wanted = Wanted(recall=0.9)
    before = calibrate_chances(run, wanted)

    def swapped(rows: Any, classes: int) -> Any:
        test = load(book.data, "test")
        return (
            -said(rows, classes)
            if len(rows) == len(test) and (rows.targets == test.targets).all()
            else said(rows, classes)
        )

    monkeypatch.setattr(verb, "answers", lambda run, rows, place, progress=None: swapped(rows, 3))
    after = calibrate_chances(run, wanted)
    assert before.cuts is not None and after.cuts is not None
    assert after.cuts.classes == before.cuts.classes and after.temperature.value == before.temperature.value
    assert after.cuts.test["recall"].after.value < before.cuts.test["recall"].after.value
    chances, true = chances_of(book, "validation", before.temperature.value)
    for place, name in enumerate(book.data.labels.names):
        cut = before.cuts.classes[name]
        assert metrics.recall_score(true[:, place], chances[:, place] >= cut) >= 0.9
    held = [before.cuts.held[name].value for name in book.data.labels.names]
    together = np.average(held, weights=true.sum(axis=0))
    assert before.cuts.validation["recall"].after.value == pytest.approx(together) and len(set(held)) == 3
    chances, true = chances_of(book, "test", before.temperature.value)
    given = chances >= np.array([before.cuts.classes[name] for name in book.data.labels.names])
    assert before.cuts.test["f1"].after.value == pytest.approx(metrics.f1_score(true, given, average="micro"))
    assert before.cuts.test["f1"].before.value == pytest.approx(metrics.f1_score(true, chances > 0.5, average="micro"))


def with_costs(book: Any, text: str, monkeypatch: pytest.MonkeyPatch, section: str = "") -> None:
    """The book with a metric of its owner's, until the end of the test."""
    from tunebook.core.business import Business
    from tunebook.verbs.steps import book_file

    (book.path / "costs.csv").write_text(text)
    asked = {"money": Business(costs="costs.csv"), "shown": Business(column="missing")}
    whole = book.file.model_copy(update={"business": asked})
    monkeypatch.setattr(book_file, "BookFile", lambda **given: whole)


def test_by_costs_of_two_classes_the_cheapest_threshold(books: Any, tmp_path: Path, monkeypatch: Any) -> None:
    book = books("binary")
    with_costs(book, "true,bad,good\nbad,0,9\ngood,1,0\n", monkeypatch)
    made = calibrate_chances(run_of(book, tmp_path / "model", monkeypatch), Wanted(cost="money"))
    assert made.cuts is not None and set(made.cuts.classes) == {"good"}
    cut = made.cuts.classes["good"]
    assert cut > 0.5, "to say good of what is bad is dear"
    for split, told in (("test", made.cuts.test),):
        chances, true = chances_of(book, split, made.temperature.value)
        matrix = np.array([[0, 9], [1, 0]])
        after = matrix[true, (chances[:, 1] >= cut).astype(int)].mean()
        assert told["money"].after.value == pytest.approx(after)
        assert told["money"].before.value == pytest.approx(matrix[true, chances.argmax(1)].mean())
        assert told["money"].better == "less"
    chances, true = chances_of(book, "validation", made.temperature.value)
    tried = [matrix[true, (chances[:, 1] >= one).astype(int)].mean() for one in np.linspace(0, 1, 400)]
    assert matrix[true, (chances[:, 1] >= cut).astype(int)].mean() <= min(tried) + 1e-9


def test_by_costs_of_more_classes_the_least_expected_cost(books: Any, tmp_path: Path, monkeypatch: Any) -> None:
    book = books("classes")
    names = book.data.labels.names
    dear = np.ones((3, 3)) - np.eye(3)
    dear[:, 0] *= 5
    lines = "\n".join(",".join([name, *map(str, row)]) for name, row in zip(names, dear, strict=True))
    with_costs(book, "true," + ",".join(names) + "\n" + lines, monkeypatch)
    made = calibrate_chances(run_of(book, tmp_path / "model", monkeypatch), Wanted(cost="money"))
    assert made.cuts is not None and not made.cuts.classes
    chances, true = chances_of(book, "test", made.temperature.value)
    given = (chances @ dear).argmin(1)
    assert made.cuts.test["money"].after.value == pytest.approx(dear[true, given].mean())
    assert made.cuts.test["accuracy"].after.value == pytest.approx((given == true).mean())


def test_by_costs_of_several_labels_each_class_has_its_own(books: Any, tmp_path: Path, monkeypatch: Any) -> None:
    book = books("several")
    names = book.data.labels.names
    prices = {name: (5.0, 1.0) if name == names[0] else (1.0, 5.0) for name in names}
    lines = "".join(f"{name},{missed},{wrong}\n" for name, (missed, wrong) in prices.items())
    with_costs(book, "label,missed,wrong\n" + lines, monkeypatch)
    made = calibrate_chances(run_of(book, tmp_path / "model", monkeypatch), Wanted(cost="money"))
    assert made.cuts is not None and made.cuts.classes[names[0]] < 0.5 < made.cuts.classes[names[1]]
    chances, true = chances_of(book, "test", made.temperature.value)
    given = chances >= np.array([made.cuts.classes[name] for name in names])
    missed, wrong = (np.array([prices[name][side] for name in names]) for side in (0, 1))
    cost = (((true > 0) & ~given) @ missed + ((true == 0) & given) @ wrong).mean()
    assert made.cuts.test["money"].after.value == pytest.approx(cost)
    monkeypatch.setattr("tunebook.verbs.steps.cuts.of_precision", lambda hits, share: None)
    with pytest.raises(DataError) as caught:
        calibrate_chances(run_of(book, tmp_path / "other", monkeypatch), Wanted(precision=0.99))
    assert caught.value.code == "calibrate.unreached"


def test_sure_answers_are_as_right_as_promised(books: Any, tmp_path: Path, monkeypatch: Any) -> None:
    book = books("binary")
    made = calibrate_chances(run_of(book, tmp_path / "model", monkeypatch), Wanted(accuracy=0.9))
    sure = made.certain
    assert sure is not None and sure.wanted == 0.9 <= sure.least and sure.confidence == 0.95
    chances, true = chances_of(book, "test", made.temperature.value)
    given = chances.max(1) >= sure.score
    assert sure.test.given == given.sum() and sure.test.answers == len(true)
    assert sure.test.coverage.value == pytest.approx(given.mean())
    assert sure.test.accuracy.value == pytest.approx((chances.argmax(1) == true)[given].mean())
    assert sure.test.chance == pytest.approx((chances.argmax(1) != true).mean())
    assert sure.test.area.value < sure.test.chance
    assert sure.test.curve[-1] == (1.0, pytest.approx(sure.test.chance))


def test_a_temperature_that_does_not_help_is_not_used(books: Any, tmp_path: Path, monkeypatch: Any) -> None:
    book = books("binary")

    def fair(rows: Any, classes: int) -> Any:
        """Logits that say nothing; fitted on any folds, they say less than nothing of the other ones."""
        return np.random.default_rng(len(rows)).normal(size=(len(rows), classes)).astype(np.float32) * 0.02

    made = calibrate_chances(run_of(book, tmp_path / "model", monkeypatch, fair), Wanted())
    assert not made.temperature.applied and made.scale == 1.0

    def perfect(rows: Any, classes: int) -> Any:
        return (np.eye(classes)[rows.targets]).astype(np.float32)

    monkeypatch.setattr(verb, "answers", lambda run, rows, place, progress=None: perfect(rows, 2))
    run = run_of(book, tmp_path / "other", monkeypatch, perfect)
    assert not calibrate_chances(run, Wanted()).temperature.applied


@pytest.mark.parametrize(
    ("kind", "asked", "code"),
    [
        ("number", {}, "calibrate.numbers"),
        ("ordered", {}, "calibrate.numbers"),
        ("several", {"accuracy": 0.9}, "calibrate.sure"),
        ("classes", {"precision": 0.9}, "calibrate.many"),
        ("binary", {"precision": 0.9, "recall": 0.9}, "calibrate.both"),
        ("binary", {"of_class": "good"}, "calibrate.alone"),
        ("binary", {"of_class": "fine", "recall": 0.9}, "calibrate.class"),
        ("binary", {"accuracy": 0.9999}, "calibrate.accuracy"),
        ("binary", {"precision": 1.5}, "calibrate.how"),
        ("binary", {"least": 2.0}, "calibrate.option"),
        ("binary", {"cost": "gold"}, "business.unknown"),
        ("classes", {"cost": "shown"}, "business.column"),
    ],
)
def test_what_cannot_be_chosen_is_refused(
    kind: str, asked: Any, code: str, books: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    book = books(kind)
    with_costs(book, "", monkeypatch)
    with pytest.raises(TunebookError) as caught:
        calibrate(run_of(book, tmp_path / "model", monkeypatch), **asked)
    assert caught.value.code == code and caught.value.advice
    assert code != "calibrate.accuracy" or "such as --accuracy 0." in caught.value.advice
    assert not (tmp_path / "model" / "calibration.json").exists()


def test_other_tasks_few_rows_and_outputs_that_are_no_numbers(books: Any, tmp_path: Path, monkeypatch: Any) -> None:
    run = run_of(books("binary"), tmp_path / "model", monkeypatch)
    other = SimpleNamespace(plan=run.plan.model_copy(update={"task": "question_answering"}), id="r", book=run.book)
    with pytest.raises(RunError) as task:
        calibrate(other)
    assert task.value.code == "calibrate.task"
    monkeypatch.setattr(verb, "answers", lambda run, rows, place, progress=None: said(rows, 2) * np.nan)
    with pytest.raises(DataError) as nan:
        calibrate(run)
    assert nan.value.code == "calibrate.no_numbers"
    monkeypatch.setattr("tunebook.verbs.steps.chances.LEAST", 10**6)
    with pytest.raises(DataError) as few:
        calibrate(run)
    assert few.value.code == "calibrate.few"
    less = books("binary").data.model_copy(update={"rows": {"train": 9}})
    monkeypatch.setattr("tunebook.data.frozen.prepared_data", lambda plan: less)
    with pytest.raises(DataError) as empty:
        calibrate(run)
    assert empty.value.code == "data.no_split"
    with pytest.raises(PlanError):
        calibrate(run, recall=0.0)
