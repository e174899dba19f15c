"""The parts that the techniques against forgetting share; what they add up to is tested with each of them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.techniques.chains import Net, Past, run_of, some_rows
from tunebook.nets import anchor as module
from tunebook.nets.anchor import Anchor


def test_the_penalty_and_its_gradient() -> None:
    weights = {"a": nn.Parameter(torch.tensor([1.0, 2.0])), "b": nn.Parameter(torch.zeros(2, 2))}
    anchor = Anchor(weights, {"a": torch.tensor([2.0, 0.0]), "b": torch.zeros(2, 2)})
    with torch.no_grad():
        weights["a"] += 3.0
        weights["b"] += 5.0
    found = anchor.penalty()
    assert found.item() == pytest.approx(9.0)
    found.backward()
    assert weights["a"].grad is not None and weights["a"].grad.tolist() == [6.0, 0.0]
    assert weights["b"].grad is None, "what has no importance costs nothing"


def test_without_importance_all_are_held_alike() -> None:
    weight = nn.Parameter(torch.zeros(3))
    anchor = Anchor({"a": weight})
    with torch.no_grad():
        weight += 2.0
    assert anchor.penalty().item() == pytest.approx(6.0)


def test_nothing_to_hold_adds_nothing() -> None:
    assert not Anchor({"a": nn.Parameter(torch.zeros(3))}, {})
    run = run_of(Net(), None)
    inner = run.criterion.loss  # type: ignore[union-attr]
    assert module.held(inner, Anchor({}, {}), 1.0, run, "x") == inner


def test_the_mean_is_one_over_what_is_above_zero() -> None:
    found = module.normalised({"a": torch.tensor([0.0, 2.0, 6.0]), "b": torch.zeros(5)})
    assert found["a"].tolist() == [0.0, 0.5, 1.5]
    nothing = {"a": torch.zeros(3)}
    assert module.normalised(nothing) is nothing


def test_widened_and_added() -> None:
    assert module.widened(torch.ones(2, 2), torch.zeros(3, 2)).tolist() == [[1, 1], [1, 1], [0, 0]]
    both = module.added({"a": torch.ones(2), "b": torch.ones(1)}, {"a": torch.ones(2)}, 0.5)
    assert both["a"].tolist() == [1.5, 1.5] and both["b"].tolist() == [1]


def test_rows_of_each_run_are_drawn_once_for_all() -> None:
    rows, seen = some_rows(30, age=1), []

    def value(batch: dict[str, torch.Tensor]) -> torch.Tensor:
        seen.append(batch["numbers"].numpy().tolist())
        return run.model(batch["numbers"]).logits.sum()

    run = run_of(Net(), Past(rows))
    for _ in range(2):
        module.importance_of_past(run, value, torch.abs, 8)
    assert len(seen) == 16 and seen[:8] == seen[8:]


def test_a_weight_that_nothing_hangs_on_has_no_importance() -> None:
    net = Net()
    net.unused = nn.Parameter(torch.ones(2))
    batches = Past(None).batches(some_rows(4), 1)
    found = module.importance_of(net, batches, lambda batch: net(batch["numbers"]).logits.sum(), torch.square)
    assert not found["unused"].any() and found["body.weight"].any()
    assert not any(
        item.any() for item in module.importance_of(net, [], lambda batch: torch.zeros(()), torch.abs).values()
    )
