"""Weights by class and by difficulty, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.ground import FIRST, Ground
from tunebook.core.encoded import Encoded
from tunebook.core.errors import PlanError, TableError
from tunebook.core.nouns import Labels
from tunebook.core.params import build
from tunebook.core.technique import Facts, RunContext, View
from tunebook.techniques.sample_weights import SampleWeights

ACTS = {"run": FIRST}
NEUTRAL = {"run": FIRST, "power": 0.0}
ABC = Labels(problem="single_label", names=["a", "b", "c"])


class Taught:
    """A source whose run answers what the test says."""

    def __init__(self, logits: Any) -> None:
        self.logits = np.asarray(logits, dtype=np.float32)

    def taught(self, name: str) -> Any:
        assert name == "sample_weights.run"
        return self.logits


def weigh(technique: SampleWeights, targets: Any, labels: Labels = ABC, logits: Any = None, **fixed: Any) -> Any:
    count = len(targets)
    fixed = {"labels": np.asarray(targets), "row": np.arange(count), **fixed}
    run = RunContext(labels=labels, source=Taught(logits) if logits is not None else None)  # type: ignore[arg-type]
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


def test_no_row_counts_more_than_a_hundred_times_another() -> None:
    found, _ = weigh(SampleWeights(run="x", power=-1), [0, 1], logits=[[50.0, -50, -50], [50.0, -50, -50]])
    assert found[1] / found[0] == pytest.approx(100, rel=1e-5)


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
    assert refused(SampleWeights(classes=["d=2"])) == "losses.class"
    assert refused(SampleWeights(classes=["a=2"]), Labels(problem="multi_label", names=["a"])) == "losses.problem"
    SampleWeights(classes=["a=2"], run="x").refuse(Facts("t", ABC, {}, {}, frozenset(), 10))
    SampleWeights(run="x").refuse(Facts("t", Labels(problem="regression"), {}, {}, frozenset(), 10))
