"""Weights by class, by difficulty and by annotators, by hand."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import small
from tests.ground import FIRST, Ground
from tunebook.core.encoded import Encoded
from tunebook.core.errors import PlanError, TableError
from tunebook.core.nouns import Labels
from tunebook.core.params import build
from tunebook.core.technique import Facts, RunContext, View
from tunebook.data.load import load
from tunebook.tables.make import child
from tunebook.techniques.sample_weights import SampleWeights
from tunebook.verbs.init import init
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import new_run
from tunebook.verbs.steps.train import fit_of, train

ACTS = {"run": FIRST}
NEUTRAL = {"run": FIRST, "power": 0.0}
ABC = Labels(problem="single_label", names=["a", "b", "c"])


class Taught:
    """A source whose run answers, and whose annotators vote, what the test says."""

    def __init__(self, logits: Any, said: Any = None) -> None:
        self.logits = np.asarray(logits, dtype=np.float32)
        self.said = said

    def votes(self) -> Any:
        return self.said

    def taught(self, name: str) -> Any:
        assert name == "sample_weights.run"
        return self.logits


def weigh(
    technique: SampleWeights, targets: Any, labels: Labels = ABC, logits: Any = None, said: Any = None, **fixed: Any
) -> Any:
    count = len(targets)
    fixed = {"labels": np.asarray(targets), "row": np.arange(count), **fixed}
    source = Taught(logits, said) if logits is not None or said is not None else None
    run = RunContext(labels=labels, source=source)  # type: ignore[arg-type]
    view = View(Encoded({"input_ids": np.zeros(count)}, np.arange(count + 1), fixed))
    return technique.prepare_data(view, run).rows.fixed.get("sample_weight"), run


def test_classes_weigh_what_is_said_with_the_mean_1() -> None:
    found, run = weigh(SampleWeights(classes=["b=5", "c=0.5"]), [0, 1, 1, 2])
    assert found == pytest.approx(np.array([1, 5, 5, 0.5]) / 2.875, rel=1e-6)
    assert run.counters["sample_weights"] == pytest.approx({"lightest": 0.5 / 2.875, "heaviest": 5 / 2.875})
    ordered = Labels(problem="ordinal", names=["a", "b", "c"])
    found, _ = weigh(SampleWeights(classes=["b=5", "c=0.5"]), np.array([0.0, 1.0, 1.0, 2.0]), ordered)
    assert found == pytest.approx(np.array([1, 5, 5, 0.5]) / 2.875, rel=1e-6)


@pytest.mark.parametrize("power", [1.0, 0.5, -2.0])
def test_of_one_class_a_row_it_is_a_power_of_the_chance_of_its_label(power: float) -> None:
    logits = np.array([[2.0, 0, 0], [0, 1.0, 0], [0, 0, -1.0], [0, 0, 0]])
    found, _ = weigh(SampleWeights(run="x", power=power), [0, 1, 2, 0], logits=logits)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    raw = p[np.arange(4), [0, 1, 2, 0]] ** power
    assert found == pytest.approx(raw / raw.mean(), rel=1e-5)


@pytest.mark.parametrize("power", [-5.0, -1.0, 3.0])
def test_no_row_counts_more_than_a_hundred_times_another(power: float) -> None:
    found, _ = weigh(SampleWeights(run="x", power=power), [0, 1], logits=[[50.0, -50, -50], [50.0, -50, -50]])
    assert found.max() / found.min() == pytest.approx(100, rel=1e-5)


def test_several_labels_go_by_their_mean_cross_entropy() -> None:
    labels = Labels(problem="multi_label", names=["a", "b"])
    logits = np.array([[2.0, -1.0], [0.5, 0.5]])
    targets = np.array([[1.0, 0.0], [0.0, 1.0]])
    p = 1 / (1 + np.exp(-logits))
    losses = -(targets * np.log(p) + (1 - targets) * np.log(1 - p)).mean(1)
    found, _ = weigh(SampleWeights(run="x"), targets, labels, logits)
    assert found == pytest.approx(np.exp(-losses) / np.exp(-losses).mean(), rel=1e-5)


@pytest.mark.parametrize("problem", ["regression", "ordinal"])
def test_numbers_go_by_their_squared_error_over_its_mean(problem: Any) -> None:
    targets = np.array([1.0, 2.0, 3.0])
    found, _ = weigh(SampleWeights(run="x"), targets, Labels(problem=problem), [[1.0], [3.0], [1.0]])
    raw = np.exp(-np.array([0, 1, 4]) / (5 / 3))
    assert found == pytest.approx(raw / raw.mean(), rel=1e-5)


def test_rows_are_found_by_number_and_those_from_elsewhere_have_no_difficulty() -> None:
    logits = np.array([[5.0, 0, 0], [0.0, 0, 0], [0.0, 5, 0]])
    found, _ = weigh(SampleWeights(run="x"), [1, 0, 2], logits=logits, row=np.array([2, 0, -1]))
    p = np.exp(5) / (np.exp(5) + 2)
    raw = np.array([p, p, 1.0])
    assert found == pytest.approx(raw / raw.mean(), rel=1e-5)


def test_they_multiply_what_rows_weigh_already() -> None:
    given = np.array([0.0, 1, 2], dtype=np.float32)
    found, _ = weigh(SampleWeights(classes=["b=3"]), [0, 1, 1], sample_weight=given)
    assert found == pytest.approx(given * np.array([1, 3, 3]) / (7 / 3), rel=1e-6)


def test_rules_that_change_nothing_count_nothing() -> None:
    found, run = weigh(SampleWeights(classes=["a=1"]), [0, 1])
    assert found is None and run.counters == {}


def test_easy_rows_of_a_real_run_weigh_more(ground: Ground, tmp_path: Any) -> None:
    made = ground.plan({"sample_weights": {"run": FIRST, "power": 2.0}}, max_steps=2, eval_every=2)
    training = ground.fit(tmp_path, made)
    weights = training.view.rows.fixed["sample_weight"]
    logits = training.context.source.taught("sample_weights.run")  # type: ignore[union-attr]
    right = logits[np.arange(len(logits)), training.view.rows.fixed["labels"]] - logits.mean(1)
    assert np.corrcoef(weights, right)[0, 1] > 0.9


def test_annotators_weigh_as_a_prior_of_two_of_them_says() -> None:
    # A row of one kind each: agreed, a tie, one against two, an unknown class, one voice alone, against all, unseen.
    targets = [0, 0, 1, 2, 1, 2, 0]
    said = [["a"] * 5, ["a", "b"], ["a", "b", "a"], ["c", "?"], ["b"], ["a", "b"], []]
    k, n = [5, 1, 1, 1, 1, 0, 0], [5, 2, 3, 2, 1, 2, 0]
    mean = 9 / 15
    for power in (1.0, 2.0):
        raw = np.array([((a + 2 * mean) / (b + 2)) ** power for a, b in zip(k, n, strict=True)])
        found, run = weigh(SampleWeights(agreement=power), targets, said=said)
        assert found == pytest.approx(raw / raw.mean(), rel=1e-6)
        wanted = {"agreement": mean, "annotated": 6, "unseen": 1, "lightest": found.min(), "heaviest": found.max()}
        assert run.counters["sample_weights"] == pytest.approx(wanted)
    order = [0, 4, 6, 1, 3, 2, 5]  # one voice proves less than five; a tie is a tie, whoever broke it
    assert list(np.argsort(-raw, kind="stable")) == order


def test_annotators_are_found_by_number_and_go_beside_classes() -> None:
    said = [["a", "a"], ["b", "c"], ["c", "c"]]
    found, run = weigh(SampleWeights(agreement=1, classes=["c=3"]), [2, 1, 0], said=said, row=np.array([2, 1, -1]))
    raw = np.array([3 * (2 + 2 * 0.75) / 4, (1 + 2 * 0.75) / 4, 0.75])
    assert found == pytest.approx(raw / raw.mean(), rel=1e-6)
    assert run.counters["sample_weights"]["unseen"] == 1


def test_numbers_are_near_or_far() -> None:
    found, _ = weigh(SampleWeights(agreement=1), [0.0, 4.0], Labels(problem="regression", low=0, high=4), None,
                     [[1.0, 3.0], [4.0, 3.0]])  # fmt: skip
    near, mean = [0.75 + 0.25, 1 + 0.75], 2.75 / 4
    raw = np.array([(value + 2 * mean) / 4 for value in near])
    assert found == pytest.approx(raw / raw.mean(), rel=1e-6)


@pytest.mark.parametrize("said", [[["a"], ["b"]], [[], []], [["x"], ["x"]]])
def test_annotators_who_tell_no_row_from_another_are_refused_before_training(said: Any) -> None:
    with pytest.raises(PlanError) as caught:
        weigh(SampleWeights(agreement=1, classes=["a=2"]), [0, 1], said=said)
    assert caught.value.code == "losses.no_votes" and caught.value.key == "sample_weights.agreement"


def crowd(path: Path) -> dict[str, tuple[str, list[str]]]:
    """A file of rows with three annotators, some of whom err or say nothing: text -> label and what they say."""
    draw, rows = random.Random(5), {}
    for text, label in small.texts(120):
        votes = [label if draw.random() < 0.7 else draw.choice(["good", "bad", ""]) for _ in range(3)]
        rows[text] = (label, votes if draw.random() < 0.9 else ["", "", ""])
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label", "annotator_1", "annotator_2", "annotator_3"])
        writer.writerows([text, label, *votes] for text, (label, votes) in rows.items())
    return rows


def test_a_book_with_annotators_is_trained_by_their_agreement(ground: Ground, tmp_path: Path) -> None:
    said = crowd(tmp_path / "rows.csv")
    book = init(tmp_path / "book", tmp_path / "rows.csv", model=str(ground.model))
    quick = {"batch_size": 16, "max_steps": 3, "eval_every": 3, "early_stopping_patience": None}
    made = plan(child(book.champion, {**quick, "sample_weights.agreement": 1.0}), book.data)
    run, bare = (
        train(each, book.path / "runs", track=()) for each in (made, plan(child(book.champion, quick), book.data))
    )
    assert run.history != bare.history
    training = fit_of(made, new_run(tmp_path / "again", made))
    training.prepare()

    rows = [said[text] for text in load(book.data, "train").texts]
    votes = [[vote for vote in three if vote] for _, three in rows]
    agreed = [each.count(label) for (label, _), each in zip(rows, votes, strict=True)]
    mean = sum(agreed) / sum(map(len, votes))
    raw = np.array([(k + 2 * mean) / (len(each) + 2) for k, each in zip(agreed, votes, strict=True)])
    assert training.view.rows.fixed["sample_weight"] == pytest.approx(raw / raw.mean(), rel=1e-5)
    found = run.outcome["counters"]["sample_weights"]
    assert found["unseen"] == sum(not each for each in votes) > 0
    assert found["lightest"] == pytest.approx(raw.min() / raw.mean(), rel=1e-5) and found["lightest"] < 0.9


def test_a_book_without_annotators_is_refused_when_it_is_planned(ground: Ground, tmp_path: Path) -> None:
    book = init(tmp_path / "book", small.write_csv(tmp_path / "rows.csv", 80), model=str(ground.model))
    for rows, code in (
        ({"sample_weights.agreement": 1.0}, "losses.annotators"),
        ({"curriculum.difficulty": "disagreement"}, "curriculum.annotators"),
    ):
        with pytest.raises(PlanError) as caught:
            plan(child(book.champion, rows), book.data)
        assert caught.value.code == code and "--annotators" in caught.value.advice


@pytest.mark.parametrize("classes", [["a"], ["a="], ["=2"], ["a=-1"], ["a=inf"], ["a=much"]])
def test_classes_that_cannot_be_read(classes: list[str]) -> None:
    with pytest.raises(TableError) as caught:
        build(SampleWeights, {"classes": classes})
    assert caught.value.key == "sample_weights.classes"


def refused(technique: SampleWeights, labels: Labels = ABC) -> str:
    with pytest.raises(PlanError) as caught:
        technique.refuse(Facts("t", labels, {}, {}, frozenset(), 10))
    return caught.value.code


def test_what_cannot_work_is_refused() -> None:
    assert refused(SampleWeights()) == "losses.no_rule"
    assert refused(SampleWeights(agreement=1)) == "losses.annotators"
    assert refused(SampleWeights(classes=["d=2"])) == "losses.class"
    assert refused(SampleWeights(classes=["a=2"]), Labels(problem="multi_label", names=["a"])) == "losses.problem"
    SampleWeights(classes=["a=2"], run="x").refuse(Facts("t", ABC, {}, {}, frozenset(), 10))
    SampleWeights(run="x").refuse(Facts("t", Labels(problem="regression"), {}, {}, frozenset(), 10))
    SampleWeights(agreement=1).refuse(Facts("t", ABC, {}, {}, frozenset(), 10, annotators=("ann",)))
