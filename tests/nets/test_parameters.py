"""A part for training alone is trained with the model, and draws nothing from anybody's stream."""

from __future__ import annotations

import torch
from torch import nn

from tests import tiny
from tunebook.core.technique import RunContext
from tunebook.nets.parameters import attach


def test_it_is_a_child_drawn_from_the_seed() -> None:
    def drawn(seed: int) -> torch.Tensor:
        run = RunContext(model=tiny.classifier("bert"), seed=seed)
        torch.manual_seed(9)
        part = attach(run, "x", lambda: nn.Linear(2, 2))
        after.append(torch.rand(()))
        assert dict(run.model.named_children())["extra_x"] is part and part.weight.requires_grad
        return part.weight.detach()

    after: list[torch.Tensor] = []
    assert torch.equal(drawn(1), drawn(1)) and not torch.equal(drawn(1), drawn(2))
    torch.manual_seed(9)
    assert all(value == after[0] for value in after) and torch.rand(()) == after[0]
