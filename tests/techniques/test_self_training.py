"""The surest target rows are learnt as the model labels them, class by class, and only those."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests import small
from tests.ground import MORE, Ground
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts, View
from tunebook.techniques.self_training import SelfTraining

ACTS = {"target": MORE, "threshold": 0.0, "wait": 0, "balanced": False}


def test_the_surest_of_each_class_up_to_its_share() -> None:
    chances = torch.tensor([[0.95, 0.05], [0.92, 0.08], [0.99, 0.01], [0.3, 0.7], [0.1, 0.9], [0.93, 0.07]])
    half = torch.tensor([0.5, 0.5])
    every = SelfTraining(threshold=0.9, balanced=False)
    assert every.chosen(chances, half).tolist() == [0, 1, 2, 4, 5]
    assert SelfTraining(threshold=0.9).chosen(chances, half).tolist() == [0, 2, 4, 5], "three of five at most"
    assert SelfTraining(threshold=0.9).chosen(chances, torch.tensor([0.2, 0.8])).tolist() == [2, 4]
    assert SelfTraining(threshold=0.999).chosen(chances, half).tolist() == []


def made(ground: Ground, folder: Path, **rows: Any) -> Any:
    values = SelfTraining(target=MORE, **rows).model_dump()
    return ground.fit(folder, ground.plan({"self_training": values}, max_epochs=2, max_steps=None, learning_rate=1e-2))


def test_an_epoch_keeps_its_length_and_mixes_the_chosen_in(ground: Ground, tmp_path: Path) -> None:
    training = made(ground, tmp_path)
    view, run = training.view, training.context
    count = len(training.material.train)
    assert len(view.rows) == count + 24 and (view.rows.fixed["row"][count:] == -1).all()
    assert sorted(view.order(0)) == list(range(count)), "nothing is labelled yet"
    run.state["self_training"]["sure"] = torch.tensor([3, 7, 11])
    rows = view.order(1)
    taken = sorted(row - count for row in rows if row >= count)
    assert len(rows) == count and taken == [3, 7, 11]
    assert len(set(rows)) == count, "the labelled rows that stay come once"
    again = np.bincount(view.rows.fixed["labels"][:count]) / count
    assert run.state["self_training"]["shares"].tolist() == pytest.approx(again.tolist())


def test_the_loss_sees_the_labels_that_were_found(ground: Ground, tmp_path: Path) -> None:
    training = made(ground, tmp_path)
    run, count = training.context, len(training.material.train)
    run.state["self_training"]["labels"] = torch.arange(24) % 2
    rows = [0, count + 1, count + 2, 5]
    batch = training.task.collate(training.view.rows, rows, 0)
    seen: list[Any] = []
    SelfTraining().around_loss(lambda model, batch: seen.append(batch["labels"]), run)(None, batch)  # type: ignore
    labels = training.view.rows.fixed["labels"]
    assert seen[0].tolist() == [labels[0], 1, 0, labels[5]]


def test_a_run_labels_before_each_epoch_after_the_first(ground: Ground, tmp_path: Path) -> None:
    training = made(ground, tmp_path, threshold=0.5, balanced=False)
    outcome = training.run()
    assert outcome.counters["self_training"] == {"labelled": 24.0, "share_labelled": 1.0}
    assert len(training.context.state["self_training"]["sure"]) == 24


@pytest.mark.parametrize(
    ("problem", "weights", "target", "code"),
    [
        ("multi_label", "none", MORE, "adaptation.single"),
        ("single_label", "balanced", MORE, "adaptation.weights"),
        ("single_label", "none", None, "adaptation.target"),
    ],
)
def test_what_it_cannot_label_is_refused(problem: Any, weights: str, target: str | None, code: str) -> None:
    settings = small.filled(batch_size=8, class_weights=weights)
    facts = Facts("text_classification", Labels(problem=problem, names=["a", "b"]), settings, {}, frozenset(), 9)
    with pytest.raises(PlanError) as caught:
        SelfTraining(target=target).refuse(facts)
    assert caught.value.code == code and caught.value.advice


def test_one_class_a_row_is_taken() -> None:
    settings = small.filled(batch_size=8)
    labels = Labels(problem="single_label", names=["a", "b"])
    SelfTraining(target=MORE).refuse(Facts("text_classification", labels, settings, {}, frozenset(), 9))


def test_target_rows_weigh_what_labelled_rows_do_on_average(ground: Ground, tmp_path: Path) -> None:
    training = made(ground, tmp_path)
    rows, count = training.material.train, len(training.material.train)
    weighed = View(rows.with_fixed(row=np.arange(count), sample_weight=np.linspace(0, 2, count, dtype=np.float32)))
    found = SelfTraining(target=MORE).prepare_data(weighed, training.context).rows.fixed["sample_weight"]
    assert found[:count].tolist() == weighed.rows.fixed["sample_weight"].tolist()
    assert found[count:] == pytest.approx(1.0)
