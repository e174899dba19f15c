"""The mean is that of the last looks, worked out with numpy; that of the best look is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests import tiny
from tests.ground import Ground
from tests.techniques.test_swa import facts
from tunebook.core.errors import PlanError
from tunebook.core.technique import RunContext
from tunebook.engine.load import load_model
from tunebook.engine.track import read_history
from tunebook.techniques.checkpoint_average import CheckpointAverage

ACTS = {"last": 2, "keep": "last"}
NEUTRAL = {"last": 1}


def walk(technique: CheckpointAverage, best: int) -> tuple[Any, RunContext, list[Any]]:
    """Five looks of a model that moves between them; number `best` is the best one. What each look saw."""
    net = tiny.classifier("bert")
    run = RunContext(model=net, optimizer=torch.optim.SGD(net.parameters(), lr=0.1))
    technique.on("start", run)
    draw = torch.Generator().manual_seed(3)
    seen: list[Any] = []
    for look in range(5):
        with torch.no_grad():
            for item in net.parameters():
                item += torch.randn(item.shape, generator=draw)
        own = {name: item.detach().numpy().copy() for name, item in net.named_parameters()}
        with technique.scoring(run):
            scored = {name: item.detach().numpy().copy() for name, item in net.named_parameters()}
        seen.append((own, scored))
        run.best = look <= best
        technique.on("look", run)
    return net, run, seen


@pytest.mark.parametrize("last", [1, 2, 3, 9])
def test_each_look_sees_the_mean_of_the_last_ones(last: int) -> None:
    _, run, seen = walk(CheckpointAverage(last=last), 4)
    for look in range(5):
        parts = [own for own, _ in seen[max(0, look + 1 - last) : look + 1]]
        for name, value in seen[look][1].items():
            np.testing.assert_allclose(value, np.mean([part[name] for part in parts], 0), rtol=1e-5, atol=1e-5)
    assert run.counters["checkpoint_average"] == {"means_scored": 4 * (last > 1), "looks_kept": min(last, 5)}


def test_the_mean_of_the_best_look_is_kept_and_the_weights_of_training_come_back() -> None:
    technique = CheckpointAverage(last=2)
    net, run, seen = walk(technique, 2)
    technique.on("end", run)
    with technique.scoring(run):
        for name, item in net.named_parameters():
            np.testing.assert_array_equal(item.detach().numpy(), seen[2][1][name])
    for name, item in net.named_parameters():
        np.testing.assert_array_equal(item.detach().numpy(), seen[4][0][name])


def test_the_mean_of_the_last_look_may_be_kept() -> None:
    technique = CheckpointAverage(last=2, keep="last")
    net, run, seen = walk(technique, 2)
    technique.on("end", run)
    with technique.scoring(run):
        for name, item in net.named_parameters():
            np.testing.assert_array_equal(item.detach().numpy(), seen[4][1][name])


def test_without_a_best_look_the_last_ones_are_kept() -> None:
    technique = CheckpointAverage(last=2)
    _, run, _ = walk(technique, -1)
    technique.on("end", run)
    assert "kept" not in run.state["checkpoint_average"]


def test_a_run_is_scored_and_kept_with_the_mean(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({"checkpoint_average": {"last": 3}}, max_steps=9, eval_every=3, learning_rate=1e-2)
    training = ground.fit(tmp_path, made)
    training.run()
    looks = [entry for entry in read_history(tmp_path / "metrics.jsonl") if "eval_accuracy" in entry]
    best = max(looks, key=lambda entry: entry["eval_accuracy"])
    scores = training.scorer()(load_model(tmp_path / "model", made).model)
    assert scores["eval_loss"] == pytest.approx(best["eval_loss"], rel=1e-5)


def test_one_look_is_refused() -> None:
    CheckpointAverage().refuse(facts(max_epochs=2))
    with pytest.raises(PlanError) as caught:
        CheckpointAverage().refuse(facts(max_epochs=1))
    assert caught.value.code == "averaging.looks" and caught.value.message
