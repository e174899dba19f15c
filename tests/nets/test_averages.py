"""Weights stand in for those of training, and these come back whatever happens."""

from __future__ import annotations

import pytest
import torch

from tests import tiny
from tests.techniques.test_swa import facts
from tunebook.core.errors import PlanError
from tunebook.core.technique import RunContext
from tunebook.engine.speedups import restore, trim
from tunebook.nets.averages import copied, mean, moved, need_looks, standing_in


def test_the_mean_of_several_and_of_one() -> None:
    parts = [{"a": torch.tensor([1.0, 2.0])}, {"a": torch.tensor([3.0, 5.0])}, {"a": torch.tensor([5.0, 8.0])}]
    assert torch.equal(mean(parts)["a"], torch.tensor([3.0, 5.0]))
    assert torch.equal(mean(parts[:1])["a"], parts[0]["a"])
    assert torch.equal(parts[0]["a"], torch.tensor([1.0, 2.0])), "the parts are left as they were"


def test_training_gets_its_weights_back_even_after_a_fault() -> None:
    net = tiny.classifier("bert")
    run = RunContext(model=net, optimizer=torch.optim.SGD(net.parameters(), lr=0.1))
    before = copied(moved(run))
    with pytest.raises(RuntimeError), standing_in(run, {name: item * 0 for name, item in before.items()}):
        assert all(not item.any() for item in net.parameters())
        raise RuntimeError
    assert all(torch.equal(item, before[name]) for name, item in net.named_parameters())


def test_a_vocabulary_that_is_restored_inside_has_the_weights_that_stood_in() -> None:
    net = tiny.classifier("bert")
    whole = net.get_input_embeddings().weight.detach().clone()
    cut = trim(net, torch.arange(10))
    assert cut is not None
    run = RunContext(model=net, optimizer=torch.optim.SGD(net.parameters(), lr=0.1))
    with standing_in(run, {name: item * 2 for name, item in copied(moved(run)).items()}):
        restore(net)
    assert torch.equal(net.get_input_embeddings().weight, whole * 2)
    assert torch.equal(cut.weight[:-1], whole[:10])


def test_an_average_over_looks_needs_two() -> None:
    need_looks("soup", facts(max_epochs=2))
    with pytest.raises(PlanError, match="soup"):
        need_looks("soup", facts(max_epochs=1))
