"""The encoder is pushed away from what the discriminator learns, by the schedule of the paper."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from tests import small
from tests.ground import MORE, Ground, weights
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Labels
from tunebook.core.technique import Facts, RunContext
from tunebook.nets.heads import head_inputs, head_of
from tunebook.techniques.dann import DANN, Reversal, reverse

ACTS = {"target": MORE}
NEUTRAL = {"target": MORE, "strength": 0.0}
STILL = {"dropout": 0.0, "attention_dropout": 0.0, "classifier_dropout": 0.0}


def test_the_schedule_is_that_of_the_paper() -> None:
    dann = DANN(strength=0.5)
    assert dann.strength_at(0) == 0
    for share in (0.1, 0.5, 1.0):
        assert dann.strength_at(share) == pytest.approx(0.5 * math.tanh(10 * share / 2))


def parts(training: Any, share: float) -> tuple[dict[str, Any], Any, Any]:
    """Gradients of one batch, and what the model and the discriminator made of it."""
    trainer = training.prepare()
    run: RunContext = training.context
    run.total_steps, run.step = 100, round(100 * share)
    batch = next(run.source.batches(training.view.rows, 8))  # type: ignore[union-attr]
    run.model.eval()
    trainer._loss(run.model, batch)[0].backward()
    return {name: item.grad for name, item in run.model.named_parameters() if item.grad is not None}, run, batch


def test_gradients_are_those_of_the_two_player_game(ground: Ground, tmp_path: Path) -> None:
    """Formulas 11 to 13: the head descends on its own loss, the discriminator on the domain loss, and the encoder on
    the first minus the strength times the second; the domain loss is written out here with binary cross-entropy."""
    from torch.nn.functional import binary_cross_entropy as cross_entropy

    made = ground.plan({"dann": DANN(target=MORE, strength=0.7).model_dump()}, **STILL)
    training = ground.fit(tmp_path, made)
    found, run, batch = parts(training, 0.3)
    net, strength = run.model, 0.7 * math.tanh(1.5)
    discriminator = net.extra_dann
    from tunebook.nets.alignment import Partners

    target = Partners(run, "dann.target").batch(batch["row"])
    with head_inputs(head_of(net, 2)) as seen:
        task = training.criterion.loss(net, batch)[0]
        net(input_ids=target["input_ids"], attention_mask=target["attention_mask"],
            token_type_ids=target["token_type_ids"])  # fmt: skip
    guesses = [torch.sigmoid(discriminator(read))[:, 0] for read in seen]
    domain = cross_entropy(guesses[0], torch.zeros(8)) + cross_entropy(guesses[1], torch.ones(8))
    own = dict(net.named_parameters())
    names = list(found)
    ours = torch.autograd.grad(task, [own[name] for name in names], retain_graph=True, allow_unused=True)
    theirs = torch.autograd.grad(domain, [own[name] for name in names], allow_unused=True)
    for name, one, other in zip(names, ours, theirs, strict=True):
        zero = torch.zeros_like(own[name])
        one, other = zero if one is None else one, zero if other is None else other
        wanted = other if name.startswith("extra_") else one - strength * other
        torch.testing.assert_close(found[name], wanted, rtol=1e-3, atol=1e-6, msg=name)
    assert run.counters["dann"]["strength"] == pytest.approx(strength)
    assert 0 <= run.counters["dann"]["told_apart"] <= run.counters["dann"]["rows"] == 8


def test_the_discriminator_is_not_kept(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({"dann": DANN(target=MORE).model_dump()}, max_steps=2, eval_every=2)
    ground.fit(tmp_path, made).run()
    assert not any("extra" in name for name in weights(tmp_path, made))


def test_without_strength_it_is_not_there_and_without_a_target_it_is_refused() -> None:
    def inner(model: Any, batch: Any) -> Any: ...

    assert DANN(target=MORE, strength=0.0).around_loss(inner, RunContext()) is inner
    facts = Facts("text_classification", Labels(problem="regression"), small.filled(batch_size=8), {}, frozenset(), 9)
    DANN(target=MORE).refuse(facts)
    with pytest.raises(PlanError) as caught:
        DANN().refuse(facts)
    assert caught.value.key == "dann.target"


def test_values_stay_and_gradients_turn() -> None:
    given = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(4, 3, dtype=torch.float64)
    out = reverse(given, 0.3)
    assert torch.equal(out, given) and isinstance(out.grad_fn, Reversal._backward_cls)  # type: ignore[attr-defined]
    (out.tanh() * weights).sum().backward()
    plain = given.detach().clone().requires_grad_()
    (plain.tanh() * weights).sum().backward()
    torch.testing.assert_close(given.grad, -0.3 * plain.grad)
