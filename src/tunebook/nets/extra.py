"""Parts that only serve the training of a model: trained and checkpointed with it, left out of what is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

from tunebook.core.technique import RunContext

Part = TypeVar("Part", bound=nn.Module)


def attach(run: RunContext, key: str, make: Callable[[], Part]) -> Part:
    """Give the model that is trained a child `extra_KEY`, its weights drawn from the run's seed alone.

    Called where the loss is woven, when the model is as it will be trained, so that no technique that freezes all that
    it finds can meet it, and the draws that others make stay the same.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed)
        part = make()
    run.model.add_module(f"extra_{key}", part.to(next(run.model.parameters()).device))
    return part


__all__ = ["attach"]
