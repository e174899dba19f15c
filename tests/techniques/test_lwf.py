"""Learning without forgetting against the cross-entropy of the softened answers."""

from __future__ import annotations

import pytest
import torch

from tests.techniques.chains import Net, Past, batch_of, extra, moved, run_of, some_rows
from tunebook.techniques.lwf import LwF

ACTS = {"strength": 1.0, "temperature": 2.0}
NEUTRAL = {"strength": 0}


def test_the_term_is_the_formula_on_the_old_outputs_alone() -> None:
    old, net = Net(outputs=3, seed=1).eval(), Net(outputs=5).eval()
    run = run_of(net, Past(None, old=old))
    loss = LwF(strength=0.7, temperature=2.0).around_loss(run.criterion.loss, run)
    batch = batch_of(some_rows(9))
    taught = (old(batch["numbers"]).logits / 2).softmax(-1)
    mine = (net(batch["numbers"]).logits[:, :3] / 2).log_softmax(-1)
    entropy = -(taught * taught.log()).sum(-1)
    expected = 0.7 * 4 * float((-(taught * mine).sum(-1) - entropy).mean().detach())  # cross-entropy up to a constant
    found = extra(loss, run, batch)
    assert found == pytest.approx(expected, rel=1e-4)
    assert run.counters["lwf"]["passes"] == 1


def test_it_begins_at_zero_and_the_old_model_stays() -> None:
    net = Net().eval()
    source = Past(None, old=net)
    run = run_of(net, source)
    loss = LwF().around_loss(run.criterion.loss, run)
    batch = batch_of(some_rows(9))
    assert extra(loss, run, batch) == pytest.approx(0, abs=1e-6)
    moved(net, 0.5)
    apart = loss(net, batch)[0] - run.criterion.loss(net, batch)[0]
    assert float(apart.detach()) > 1e-3
    apart.backward()
    assert (net.head.weight.grad != 0).any()


@pytest.mark.parametrize("problem", ["multi_label", "regression"])
def test_labels_of_every_kind(problem: str) -> None:
    outputs = 3 if problem == "multi_label" else 1
    net, old = Net(outputs).eval(), Net(outputs, seed=1).eval()
    run = run_of(net, Past(None, old=old, outputs_before=outputs), problem)
    loss = LwF().around_loss(run.criterion.loss, run)
    assert torch.isfinite(loss(net, batch_of(some_rows(6, problem=problem)))[0])


def test_without_strength_the_loss_is_the_same_object() -> None:
    run = run_of(Net(), Past(None))
    assert LwF(strength=0).around_loss(run.criterion.loss, run) == run.criterion.loss
