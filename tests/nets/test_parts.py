"""A model is shared out and put together again, in a group of one: as it was, weights, classes and hooks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import distributed, nn

from tests import tiny
from tests.nets.test_side_by_side import model_of
from tunebook.nets.parts import (
    part_again,
    part_of,
    share_out,
    shared_out,
    together,
    whole,
    whole_in_files,
    whole_state,
)


@pytest.fixture
def group() -> Iterator[None]:
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def passed(model: nn.Module) -> torch.Tensor:
    found: torch.Tensor = model(input_ids=torch.arange(5, 17).view(2, 6), labels=torch.tensor([0, 1])).loss
    return found


def test_a_whole_model_stays_as_it_is() -> None:
    model, item = nn.Linear(2, 2), torch.ones(2)
    part_again(model)
    together(model, keep=False)
    assert shared_out(model) is None and whole(item) is item and part_of(item, model.bias) is item
    assert not model.weight.is_meta


def test_parts_come_together_part_and_are_gathered(group: None) -> None:
    model = tiny.classifier("bert").eval()
    before = {name: item.clone() for name, item in model.state_dict().items()}
    kinds, hooks = [type(item) for item in model.modules()], [dict(item._forward_hooks) for item in model.modules()]
    loss = passed(model)
    parts = share_out(model, list(model.bert.encoder.layer), 1)
    assert shared_out(model) is parts and parts.held == parts.whole
    with torch.no_grad():
        assert torch.equal(passed(model), loss)
    part_again(model)
    assert all(hasattr(item, "to_local") for item in model.parameters())
    found = whole_state(model, keep=True)
    assert found.keys() == before.keys() and all(torch.equal(found[name], before[name]) for name in before)
    assert whole_state(model, keep=False) == {}
    model.load_state_dict({name: item + 1 for name, item in before.items()})
    assert all(torch.equal(whole(item), before[name] + 1) for name, item in model.state_dict().items())
    model.load_state_dict(before)
    together(model, keep=True)
    assert shared_out(model) is None and [type(item) for item in model.modules()] == kinds
    assert [dict(item._forward_hooks) for item in model.modules()] == hooks
    assert all(torch.equal(item, before[name]) for name, item in model.state_dict().items())
    assert torch.equal(passed(model), loss)


def test_of_others_shapes_alone_are_left_and_tied_weights_stay_tied(group: None) -> None:
    model = model_of("gpt2")
    tied = model.get_input_embeddings().weight is model.get_output_embeddings().weight
    shapes = {name: item.shape for name, item in model.named_parameters()}
    model.transformer.h[0].requires_grad_(False)
    share_out(model, list(model.transformer.h), 1, again=False)
    state = whole_state(model, keep=True)
    assert (state["transformer.wte.weight"] is state["lm_head.weight"]) == tied
    together(model, keep=False)
    assert {name: item.shape for name, item in model.named_parameters()} == shapes
    assert all(item.is_meta for item in model.parameters())
    assert (model.get_input_embeddings().weight is model.get_output_embeddings().weight) == tied
    assert not any(item.requires_grad for item in model.transformer.h[0].parameters())


def test_an_optimiser_is_whole_in_files(group: None) -> None:
    def stepped(shared: bool) -> tuple[torch.optim.Optimizer, dict[str, object]]:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
        if shared:
            share_out(model, [model[0]], 1)
        optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
        model(torch.ones(1, 3)).sum().backward()
        optimizer.step()
        if not shared:
            return optimizer, optimizer.state_dict()
        with whole_in_files(optimizer):
            return optimizer, optimizer.state_dict()

    (alone, expected), (parted, found) = stepped(False), stepped(True)
    for number, values in expected["state"].items():  # type: ignore[attr-defined]
        for name, value in values.items():
            torch.testing.assert_close(found["state"][number][name], value)  # type: ignore[index]
    for optimizer in (alone, parted):
        with whole_in_files(optimizer):
            optimizer.load_state_dict(expected)
    kept = next(iter(parted.state.values()))["exp_avg"]
    assert hasattr(kept, "to_local") and torch.equal(whole(kept), next(iter(alone.state.values()))["exp_avg"])
    with whole_in_files(parted, keep=False):
        assert all(value is None for values in parted.state_dict()["state"].values() for value in values.values())
