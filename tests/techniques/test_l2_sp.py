"""The pull towards the pretrained weights: its value, its gradient, its place in a step."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.ground import Ground, weights
from tests.techniques.attacked import clean_loss, gradients, small_net
from tunebook.core.errors import PlanError
from tunebook.techniques.l2_sp import L2SP

NEUTRAL = {"alpha": 0.0}


def test_value_and_gradient_are_those_of_the_formula() -> None:
    net, run, batch = small_net()
    loss = L2SP(alpha=0.3).around_loss(clean_loss, run)
    start = {name: value.detach().clone() for name, value in net.named_parameters()}
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += torch.randn_like(parameter) * 0.1
    total, _ = loss(net, batch)
    plain, _ = clean_loss(net, batch)
    moved = {name: value.detach() - start[name] for name, value in net.named_parameters() if name.startswith("bert.")}
    square = sum(float(value.double().square().sum()) for value in moved.values())
    assert float((total - plain).detach()) == pytest.approx(0.15 * square, rel=1e-4)
    assert run.counters["l2_sp"]["distance"] == pytest.approx(square**0.5, rel=1e-5)
    mine, bare = gradients(net, total), gradients(net, plain)
    for name in bare:
        expected = bare[name] + (0.3 * moved[name] if name in moved else 0)
        torch.testing.assert_close(mine[name], expected, rtol=1e-4, atol=1e-6, msg=name)


def test_what_is_frozen_is_not_held_and_nothing_to_hold_is_refused() -> None:
    net, run, _ = small_net()
    net.bert.requires_grad_(False)
    with pytest.raises(PlanError) as caught:
        L2SP().prepare_model(net, run)
    assert caught.value.code == "losses.nothing_to_hold"
    assert L2SP(alpha=0).prepare_model(net, run) is net
    net.bert.pooler.requires_grad_(True)
    assert L2SP().prepare_model(net, run) is net


def test_with_great_strength_a_training_stays_where_it_began(ground: Ground, tmp_path: Path) -> None:
    """The base model read again, not what the technique itself took for the start."""
    from safetensors.torch import load_file

    base = load_file(ground.model / "model.safetensors")
    found = []
    for alpha in (1e-3, 10.0):
        made = ground.plan({"l2_sp": {"alpha": alpha}}, max_steps=12, eval_every=6, weight_decay=0.0)
        outcome = ground.fit(tmp_path / str(alpha), made).run()
        after = weights(tmp_path / str(alpha), made)
        square = sum(float((after[f"bert.{name}"] - value).square().sum()) for name, value in base.items())
        found.append(square**0.5)
        assert outcome.counters["l2_sp"]["distance"] > 0
    assert found[1] < 0.5 * found[0]


def test_without_strength_the_loss_itself_is_left() -> None:
    _, run, _ = small_net()
    assert L2SP(**NEUTRAL).around_loss(clean_loss, run) is clean_loss
