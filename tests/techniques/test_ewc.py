"""Elastic weight consolidation against Fisher's information by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests.techniques.chains import (
    Net,
    Past,
    batch_of,
    extra,
    gradients,
    mean_one,
    moved,
    quadratic,
    run_of,
    some_rows,
    together,
)
from tunebook.techniques.ewc import EWC

ACTS = {"strength": 10.0, "rows": 12}
NEUTRAL = {"strength": 0}


def penalty(technique: EWC, net: Net, run: Any, rows: Any) -> tuple[float, dict[str, torch.Tensor]]:
    """What the technique adds to the loss after the weights have moved, and how far they went."""
    net.eval()
    inner = run.criterion.loss
    loss = technique.around_loss(inner, run)
    way = moved(net)
    batch = batch_of(rows)
    return extra(loss, run, batch), way


def empirical(net: Net, rows: Any) -> dict[str, torch.Tensor]:
    """Mean over rows of the squared gradient of -log p(label), formula by hand."""
    net.eval()
    total: dict[str, torch.Tensor] = {}
    for number in range(len(rows)):
        one = batch_of(rows, [number])
        log_p = net(one["numbers"]).logits.log_softmax(-1)[0, int(one["labels"][0])]
        for name, item in gradients(net, -log_p).items():
            total[name] = total.get(name, 0) + item.square() / len(rows)
    return total


def exact(net: Net, rows: Any) -> dict[str, torch.Tensor]:
    """The true Fisher: the expectation over the classes that the model predicts."""
    net.eval()
    total: dict[str, torch.Tensor] = {}
    for number in range(len(rows)):
        logits = net(batch_of(rows, [number])["numbers"]).logits[0]
        for place, chance in enumerate(logits.softmax(-1).detach()):
            for name, item in gradients(
                net, -net(batch_of(rows, [number])["numbers"]).logits[0].log_softmax(-1)[place]
            ).items():
                total[name] = total.get(name, 0) + chance * item.square() / len(rows)
    return total


def test_the_penalty_is_the_formula() -> None:
    net, rows = Net(), some_rows(20, age=1)
    expected = mean_one(empirical(net, rows))
    run = run_of(net, Past(rows))
    found, way = penalty(EWC(strength=3.0, fisher="empirical"), net, run, some_rows(6))
    assert found == pytest.approx(3.0 * quadratic(expected, way), rel=1e-4)
    assert run.counters["ewc"]["penalty"] == pytest.approx(found, rel=1e-4)


def test_the_true_fisher_draws_from_what_the_model_predicts() -> None:
    net, rows = Net(), some_rows(2000, age=1)
    expected = mean_one(exact(net, rows.take(range(300))))
    found, way = penalty(EWC(strength=1.0, rows=2000), net, run_of(net, Past(rows)), some_rows(6))
    assert found == pytest.approx(quadratic(expected, way), rel=0.15)


def test_older_runs_count_gamma_times_less() -> None:
    net, last, first = Net(), some_rows(15, age=1), some_rows(15, age=2)
    one, two = mean_one(empirical(net, last)), mean_one(empirical(net, first))
    technique = EWC(strength=1.0, gamma=0.5, fisher="empirical")
    found, way = penalty(technique, net, run_of(net, Past(together(last, first))), some_rows(6))
    assert found == pytest.approx(quadratic(one, way) + 0.5 * quadratic(two, way), rel=1e-4)


def test_outputs_that_are_new_are_free() -> None:
    net, rows = Net(outputs=5), some_rows(15, age=1)
    technique = EWC(strength=1.0)
    loss = technique.around_loss(run_of(net, None).criterion.loss, run_of(net, Past(rows)))
    net.eval()
    batch = batch_of(some_rows(6))
    net.zero_grad()
    with torch.no_grad():
        net.head.weight += 1.0
        net.head.bias += 1.0
    inner = run_of(net, None).criterion.loss
    (loss(net, batch)[0] - inner(net, batch)[0]).backward()
    assert (net.head.weight.grad[3:].abs() < 1e-5).all() and (net.head.weight.grad[:3].abs() > 1e-4).any()
    assert (net.head.bias.grad[3:].abs() < 1e-5).all()


def test_a_body_as_wide_as_the_new_head_is_held_whole() -> None:
    net = Net(outputs=7)  # so is the hidden layer
    loss = EWC(strength=1.0).around_loss(
        run_of(net, None).criterion.loss, run_of(net, Past(some_rows(15, age=1), outputs_before=3))
    )
    net.eval()
    with torch.no_grad():
        net.body.weight += 1.0
    batch = batch_of(some_rows(6))
    net.zero_grad()
    (loss(net, batch)[0] - run_of(net, None).criterion.loss(net, batch)[0]).backward()
    assert (net.body.weight.grad.abs().sum(1) > 1e-4).all()


def test_a_row_that_weighs_twice_counts_twice() -> None:
    net, rows = Net(), some_rows(12, age=1)
    weights = np.linspace(0.5, 3, 12, dtype=np.float32)
    total: dict[str, torch.Tensor] = {}
    for number, weight in enumerate(weights):
        for name, item in empirical(net, rows.take([number])).items():
            total[name] = total.get(name, 0) + float(weight) * item
    run = run_of(net, Past(rows.with_fixed(sample_weight=weights)))
    found, way = penalty(EWC(strength=1.0, fisher="empirical"), net, run, some_rows(6))
    assert found == pytest.approx(quadratic(mean_one(total), way), rel=1e-4)


@pytest.mark.parametrize("problem", ["multi_label", "regression"])
@pytest.mark.parametrize("fisher", ["true", "empirical"])
def test_labels_of_every_kind(problem: str, fisher: Any) -> None:
    net = Net(outputs=3 if problem == "multi_label" else 1)
    rows = some_rows(10, age=1, problem=problem)
    run = run_of(net, Past(rows, outputs_before=net.head.out_features), problem)
    found, _ = penalty(EWC(fisher=fisher), net, run, some_rows(6, problem=problem))
    assert found > 0


def test_the_measure_leaves_the_model_and_the_draws_alone() -> None:
    net = Net().train()
    net.drop.eval()
    state = torch.get_rng_state()
    EWC().around_loss(run_of(net, None).criterion.loss, run_of(net, Past(some_rows(10, age=1))))
    assert torch.equal(torch.get_rng_state(), state)
    assert net.training and not net.drop.training
    assert all(item.grad is None for item in net.parameters())


def test_without_strength_the_loss_is_the_same_object() -> None:
    run = run_of(Net(), Past(None))
    assert EWC(strength=0).around_loss(run.criterion.loss, run) == run.criterion.loss
