"""Models of several runs in memory at once, with what they share held once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tunebook.core.nouns import Plan
from tunebook.engine.load import LoadedModel, load_model


def load_models(runs: Sequence[tuple[Path, Plan]]) -> list[LoadedModel]:
    """Models of several runs, each from its `model/` folder, that hold what is frozen in them once.

    So runs that trained a small part beside the same base model (lora, ia3, prompt ...) take the memory of one base
    and of their small parts, whichever methods and labels they have; each can answer at any time, nothing is switched.
    """
    known: dict[Any, Tensor] = {}
    loaded = []
    for folder, plan in runs:
        one = load_model(folder, plan)
        for item in one.model.parameters():
            if not item.requires_grad:
                same = known.setdefault(_look(item.data), item.data)
                if torch.equal(same, item.data):  # the look alone may deceive
                    item.data = same
        loaded.append(one)
    return loaded


def _look(item: Tensor) -> tuple[Any, ...]:
    """What equal tensors have in common, as a key."""
    return item.shape, item.dtype, item.device, float(item.double().sum()), tuple(item.flatten()[:8].tolist())


__all__ = ["load_models"]
