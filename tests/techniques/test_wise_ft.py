"""Between the base model read from its files and the same training without the technique, on a straight line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests import tiny
from tests.ground import Ground, weights
from tests.techniques.attacked import small_net
from tunebook.core.errors import PlanError
from tunebook.core.nouns import HeadStart, Labels
from tunebook.core.registry import tasks
from tunebook.core.technique import RunContext
from tunebook.models.heads import covers
from tunebook.nets.heads import mark_fresh
from tunebook.techniques.ema import EMA
from tunebook.techniques.wise_ft import WiseFT
from tunebook.verbs.steps.order import order

ACTS = {"alpha": 0.5}
NEUTRAL = {"alpha": 1.0}


def begun(*techniques: Any, **more: Any) -> tuple[Any, RunContext]:
    net = tiny.classifier("bert")
    run = RunContext(model=net, optimizer=torch.optim.SGD(net.parameters(), lr=0.1), **more)
    for technique in techniques:
        technique.on("start", run)
    return net, run


def values(net: Any) -> dict[str, np.ndarray]:
    return {name: item.detach().numpy().copy() for name, item in net.named_parameters()}


@torch.no_grad()
def step(net: Any) -> None:
    for item in net.parameters():
        item += torch.randn(item.shape, generator=torch.Generator().manual_seed(item.numel()))


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.5])
def test_a_look_sees_what_lies_between_and_training_gets_its_weights_back(alpha: float) -> None:
    technique = WiseFT(alpha=alpha)
    net, run = begun(technique)
    base = values(net)
    step(net)
    tuned = values(net)
    with technique.scoring(run):
        seen = values(net)
    for name, value in seen.items():
        fresh = name.startswith("classifier.") or "pooler." in name
        expected = tuned[name] if fresh else (1 - alpha) * base[name] + alpha * tuned[name]
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6, err_msg=name)
    for name, value in values(net).items():
        np.testing.assert_array_equal(value, tuned[name])
    technique.on("look", run)
    away = [np.square(tuned[name] - base[name]).sum() for name in base if name in run.state["wise_ft"]["base"]]
    assert run.counters["wise_ft"]["distance"] == pytest.approx(np.sqrt(np.sum(away)), rel=1e-4)


def test_a_head_that_was_trained_before_is_brought_back_too() -> None:
    technique = WiseFT(alpha=0.25)
    net, run = begun(technique, head_kept=True)
    base = values(net)
    step(net)
    tuned = values(net)
    with technique.scoring(run):
        for name, value in values(net).items():
            np.testing.assert_allclose(value, 0.75 * base[name] + 0.25 * tuned[name], rtol=1e-5, atol=1e-6)


def test_a_moving_average_is_brought_back_whatever_their_order_in_the_table() -> None:
    wise, ema = WiseFT(alpha=0.5), EMA(decay=0.5, warmup=False)
    woven = order({"wise_ft": {"alpha": 0.5}, "ema": {"decay": 0.5}}, tasks()["text_classification"]())
    assert [item.key for item in woven] == ["ema", "wise_ft"]
    net, run = begun(ema, wise)
    base = values(net)
    step(net)
    ema.on("after_step", run)
    average = {name: item.numpy() for name, item in run.state["ema"]["average"].items()}
    with ema.scoring(run), wise.scoring(run):
        name = "bert.encoder.layer.0.output.dense.weight"
        np.testing.assert_allclose(values(net)[name], (base[name] + average[name]) / 2, rtol=1e-5, atol=1e-6)


def test_the_kept_model_lies_between_the_base_in_its_files_and_the_training_without_it(
    ground: Ground, tmp_path: Path
) -> None:
    """All of the vocabulary, of which training holds only a part; and the pooler, which is in these files."""
    once = {"max_steps": 6, "eval_every": 6, "learning_rate": 1e-2}
    found = {}
    for name, used in {"plain": {}, "wise": {"wise_ft": {"alpha": 0.4}}}.items():
        made = ground.plan(used, **once)
        ground.fit(tmp_path / name, made).run()
        found[name] = weights(tmp_path / name, made)
    base = load_file(ground.model / "model.safetensors")
    for name, value in base.items():
        tuned, kept = (found[one][f"bert.{name}"] for one in ("plain", "wise"))
        torch.testing.assert_close(kept, 0.6 * value + 0.4 * tuned, rtol=1e-4, atol=1e-6, msg=name)
    torch.testing.assert_close(found["wise"]["classifier.weight"], found["plain"]["classifier.weight"])


def test_a_pooler_that_the_files_lack_stays_as_it_was_trained() -> None:
    for fresh in (["bert.pooler.dense.weight", "bert.pooler.dense.bias"], []):
        technique, (net, run) = WiseFT(alpha=0.0), begun()
        mark_fresh(net, fresh)
        technique.on("start", run)
        base = values(net)
        step(net)
        tuned = values(net)
        with technique.scoring(run):
            for name in ("bert.pooler.dense.weight", "bert.pooler.dense.bias"):
                np.testing.assert_array_equal(values(net)[name], (tuned if fresh else base)[name])
            np.testing.assert_array_equal(values(net)["classifier.weight"], tuned["classifier.weight"])


def test_without_pretrained_weights_that_are_trained_it_is_refused() -> None:
    net, run, _ = small_net()
    net.bert.requires_grad_(False)
    with pytest.raises(PlanError) as caught:
        WiseFT().prepare_model(net, run)
    assert caught.value.code == "losses.nothing_to_hold"
    run.head_kept = True
    assert WiseFT().prepare_model(net, run) is net


@pytest.mark.parametrize("other", ["reinit", "soup", "lora"])
def test_what_has_no_base_cannot_stand_beside_it(other: str) -> None:
    with pytest.raises(PlanError) as caught:
        order({"wise_ft": {}, other: {}}, tasks()["text_classification"]())
    assert caught.value.code == "plan.conflict"


def test_a_head_of_which_every_part_has_a_place_in_the_base_covers_the_labels() -> None:
    labels = Labels(problem="single_label", names=["a", "b"])
    assert covers(HeadStart(number=True), Labels(problem="relevance"))
    assert covers(HeadStart(rows={"a": 1, "b": 0}), labels)
    assert not covers(HeadStart(rows={"a": 1}), labels) and not covers(HeadStart(), Labels(problem="relevance"))
    assert not covers(None, labels)
