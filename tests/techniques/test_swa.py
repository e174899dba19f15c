"""The mean is torch's own, over the steps that the rows name; what cannot happen is refused beforehand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.optim.swa_utils import AveragedModel

from tests import small, tiny
from tests.ground import Ground
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts, RunContext
from tunebook.engine.load import load_model
from tunebook.engine.track import read_history
from tunebook.techniques.swa import SWA

ACTS = {"start": 0.0}
NEUTRAL = {"every": 1000}


@pytest.mark.parametrize(("rows", "averaged"), [({}, [9, 10, 11, 12]), ({"start": 0.5, "every": 3}, [9, 12]),
                                                ({"start": 0.0, "every": 5}, [5, 10])])  # fmt: skip
def test_it_is_torchs_equal_average_over_the_right_steps(rows: dict[str, Any], averaged: list[int]) -> None:
    technique = SWA(**{"start": 2 / 3, **rows})
    net = tiny.classifier("bert")
    run = RunContext(model=net, optimizer=torch.optim.SGD(net.parameters(), lr=0.1), total_steps=12)
    technique.on("start", run)
    oracle = AveragedModel(net)
    draw = torch.Generator().manual_seed(3)
    for step in range(1, 13):
        run.step = step - 1
        with torch.no_grad():
            for item in net.parameters():
                item += torch.randn(item.shape, generator=draw)
        technique.on("after_step", run)
        if step in averaged:
            oracle.update_parameters(net)
    assert run.counters["swa"] == {"states_averaged": len(averaged)}
    for name, item in oracle.module.named_parameters():
        torch.testing.assert_close(run.state["swa"]["mean"][name], item, rtol=1e-5, atol=1e-6)


def context(best: bool = True) -> tuple[Any, RunContext]:
    net = tiny.classifier("bert")
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    return net, RunContext(model=net, optimizer=optimizer, total_steps=4, best=best)


def test_the_mean_of_the_best_look_is_kept() -> None:
    net, run = context()
    technique = SWA(start=0.0)
    technique.on("start", run)
    technique.on("after_step", run)
    technique.on("look", run)
    seen = {name: item.detach().clone() for name, item in net.named_parameters()}
    with torch.no_grad():
        net.classifier.bias += 1
    technique.on("after_step", run)
    run.best = False
    technique.on("look", run)
    technique.on("end", run)
    assert run.counters["swa"] == {"states_averaged": 2, "states_kept": 1}
    with technique.scoring(run):
        assert all(torch.equal(item, seen[name]) for name, item in net.named_parameters())
    assert torch.equal(net.classifier.bias, seen["classifier.bias"] + 1)


def test_a_look_before_the_mean_sees_the_weights_as_they_are() -> None:
    net, run = context()
    technique = SWA()
    technique.on("start", run)
    technique.on("look", run)
    run.best, run.step = False, 3
    technique.on("after_step", run)
    technique.on("look", run)
    technique.on("end", run)
    before = net.classifier.bias.detach().clone()
    with technique.scoring(run):
        assert torch.equal(net.classifier.bias, before)
    assert run.counters["swa"] == {"states_averaged": 1, "states_kept": 0}


def test_a_resume_takes_the_mean_up() -> None:
    _, run = context()
    technique = SWA(start=0.0)
    technique.on("start", run)
    technique.on("after_step", run)
    stored = {**run.state["swa"], "mean": {name: item + 1 for name, item in run.state["swa"]["mean"].items()}}
    run.state["swa"] = stored
    technique.on("start", run)
    assert run.state["swa"]["count"] == 1
    net = run.model
    assert all(torch.equal(run.state["swa"]["mean"][name], item + 1) for name, item in net.named_parameters())


def test_a_run_is_scored_and_kept_with_the_mean(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({"swa": {"start": 0.0, "every": 2}}, max_steps=9, eval_every=3, learning_rate=1e-2)
    training = ground.fit(tmp_path, made)
    training.run()
    looks = [entry for entry in read_history(tmp_path / "metrics.jsonl") if "eval_accuracy" in entry]
    best = max(looks, key=lambda entry: entry["eval_accuracy"])
    scores = training.scorer()(load_model(tmp_path / "model", made).model)
    assert scores["eval_loss"] == pytest.approx(best["eval_loss"], rel=1e-5)


def facts(**settings: Any) -> Facts:
    values = small.filled(**{"batch_size": 10, "max_epochs": 4, **settings})
    labels = Labels(problem="single_label", names=["a", "b"])
    return Facts("text_classification", labels, values, {}, frozenset({"swa"}), rows=100)


@pytest.mark.parametrize(
    ("rows", "settings", "code"),
    [
        ({"every": 41}, {}, "averaging.never"),
        ({"start": 0.9, "every": 7}, {"max_steps": 13}, "averaging.never"),
        ({}, {"early_stopping_patience": 1}, "averaging.stopping"),
        ({}, {"eval_every": 2}, "averaging.stopping"),
        ({}, {"eval_every": 2, "early_stopping_patience": None}, ""),
        ({}, {}, ""),
        ({"start": 0.0, "every": 40}, {"early_stopping_patience": None}, ""),
        ({"start": 0.1}, {"early_stopping_patience": 1}, ""),
    ],
)
def test_what_could_never_average_is_refused(rows: dict[str, Any], settings: dict[str, Any], code: str) -> None:
    if not code:
        SWA(**rows).refuse(facts(**settings))
        return
    with pytest.raises(PlanError) as caught:
        SWA(**rows).refuse(facts(**settings))
    assert caught.value.code == code
    assert caught.value.message and caught.value.advice


def test_the_least_patience_that_is_named_will_do() -> None:
    """40 steps, a look each 2, averaging from step 31: the stop may come at look 16, step 32, with patience 15."""
    with pytest.raises(PlanError) as caught:
        SWA().refuse(facts(eval_every=2, early_stopping_patience=14))
    assert caught.value.allowed == ">= 15 | none"
    SWA().refuse(facts(eval_every=2, early_stopping_patience=15))
    assert np.ceil(31 / 2) == 16
