"""The average is torch's own, it is what is scored and kept, and early stopping goes by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_avg_fn

from tests import tiny
from tests.ground import Ground, weights
from tunebook.core.technique import RunContext
from tunebook.engine.track import read_history
from tunebook.nets.averages import moved
from tunebook.techniques.ema import EMA

NEUTRAL = {"decay": 0.0}


def steps(net: Any, run: RunContext, technique: EMA, count: int) -> Any:
    """So many random steps, each told to the technique."""
    draw = torch.Generator().manual_seed(3)
    for _ in range(count):
        with torch.no_grad():
            for item in net.parameters():
                item += 0.1 * torch.randn(item.shape, generator=draw)
        technique.on("after_step", run)
        yield


def begun(technique: EMA) -> tuple[Any, RunContext]:
    net = tiny.classifier("bert")
    run = RunContext(model=net, optimizer=torch.optim.SGD(net.parameters(), lr=0.1))
    technique.on("start", run)
    return net, run


def test_with_a_fixed_decay_it_is_torchs_moving_average() -> None:
    technique = EMA(decay=0.7, warmup=False)
    net, run = begun(technique)
    oracle = AveragedModel(net, avg_fn=get_ema_avg_fn(0.7))
    oracle.update_parameters(net)  # its first update copies
    for _ in steps(net, run, technique, 5):
        oracle.update_parameters(net)
    for name, item in oracle.module.named_parameters():
        torch.testing.assert_close(run.state["ema"]["average"][name], item, rtol=1e-5, atol=1e-6)
    assert run.counters["ema"] == {"steps_averaged": 5, "last_decay": 0.7}


def test_the_decay_rises_as_the_formula_says() -> None:
    technique = EMA(decay=0.3)
    net, run = begun(technique)
    by_hand = {name: item.detach().clone() for name, item in net.named_parameters()}
    for step, _ in enumerate(steps(net, run, technique, 6), 1):
        decay = min(0.3, (1 + step) / (10 + step))
        by_hand = {name: decay * by_hand[name] + (1 - decay) * item for name, item in net.named_parameters()}
        assert run.counters["ema"]["last_decay"] == decay
    assert decay == 0.3
    for name, value in by_hand.items():
        torch.testing.assert_close(run.state["ema"]["average"][name], value, rtol=1e-5, atol=1e-6)


def test_what_is_not_trained_is_not_averaged() -> None:
    net = tiny.classifier("bert")
    trained = list(net.classifier.parameters())
    run = RunContext(model=net, optimizer=torch.optim.SGD(trained, lr=0.1))
    EMA().on("start", run)
    assert set(run.state["ema"]["average"]) == {"classifier.weight", "classifier.bias"} == set(moved(run))


def test_the_average_of_the_best_look_is_scored_and_kept(ground: Ground, tmp_path: Path) -> None:
    """The kept model answers exactly as the best look was logged; the trimmed vocabulary has been restored."""
    made = ground.plan({"ema": {"decay": 0.8}}, max_steps=9, eval_every=3, learning_rate=1e-2)
    training = ground.fit(tmp_path, made)
    outcome = training.run()
    looks = [entry for entry in read_history(tmp_path / "metrics.jsonl") if "eval_accuracy" in entry]
    best = max(looks, key=lambda entry: entry["eval_accuracy"])
    assert outcome.best_step == best["step"]
    from tunebook.engine.load import load_model

    loaded = load_model(tmp_path / "model", made).model
    assert loaded.get_input_embeddings().num_embeddings == tiny.VOCABULARY
    scores = training.scorer()(loaded)
    assert scores["eval_loss"] == pytest.approx(best["eval_loss"], rel=1e-5)
    raw = training.scorer()(training.context.model)
    assert raw["eval_loss"] != pytest.approx(best["eval_loss"], rel=1e-5), "training has its own weights back"


def test_early_stopping_goes_by_the_averages(ground: Ground, tmp_path: Path) -> None:
    used: dict[str, Any] = {"ema": {"decay": 0.9, "warmup": False}}
    made = ground.plan(used, max_epochs=40, eval_every=2, learning_rate=3e-2, early_stopping_patience=2)
    training = ground.fit(tmp_path, made)
    training.run()
    looks = [entry["eval_accuracy"] for entry in read_history(tmp_path / "metrics.jsonl") if "eval_accuracy" in entry]
    assert len(looks) == looks.index(max(looks)) + 3
    assert weights(tmp_path, made)


def test_a_resume_puts_the_average_on_the_models_device() -> None:
    technique = EMA()
    net, run = begun(technique)
    stored = {name: item + 1 for name, item in run.state["ema"]["average"].items()}
    run.state["ema"] = {"steps": 4, "average": stored}
    technique.on("start", run)
    for name, item in net.named_parameters():
        average = run.state["ema"]["average"][name]
        assert average.device == item.device and average is not stored[name]
        assert torch.equal(average, item + 1)
