"""Bottleneck adapters: two small linear maps inside each layer, added to what the layer computes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from tunebook.nets.targets import ATTENTION_OUT, FEED_OUT, linears_like

_START = 0.01  # standard deviation of the way down at the start (Houlsby et al. 2019, section 3.6)
_AFTER_FEED = r"(?<!attention\.)output\.LayerNorm$|(^|\.)output_layer_norm$"  # where layers norm after adding
NAME = "adapter"


class Bottleneck(nn.Module):
    """U f(D x): down to a few dimensions and up again. U starts at zero, so that at first nothing changes."""

    def __init__(self, outside: int, inside: int, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.down = nn.Linear(outside, inside)
        self.up = nn.Linear(inside, outside)
        self.activation = activation
        nn.init.normal_(self.down.weight, std=_START)
        for zero in (self.down.bias, self.up.weight, self.up.bias):
            nn.init.zeros_(zero)

    def forward(self, x: Tensor) -> Tensor:
        """What is added, of the shape of x (..., outside)."""
        out: Tensor = self.up(self.activation(self.down(x)))
        return out


def after_sublayer(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    """Houlsby et al. 2019: h + U f(D h), h what a sublayer gives, before it is added to the layer's stream."""
    added: Tensor = module.get_submodule(NAME)(output)
    return output + added


def around_norm(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    """Pfeiffer et al. 2020: of a norm N of s it makes N(s + U f(D N(s)))."""
    added: Tensor = module.get_submodule(NAME)(output)
    normed: Tensor = module.forward(inputs[0] + added)  # forward itself: hooks are not called again
    return normed


def places(model: nn.Module, placement: str) -> list[tuple[str, Any]]:
    """Where adapters go: name of the module, and the hook that puts one there.

    Raises:
        PlanError: `peft.targets`: the architecture's layers are not known.
    """
    feeds = linears_like(model, FEED_OUT, NAME)
    if placement == "houlsby":
        return [(name, after_sublayer) for name in (*linears_like(model, ATTENTION_OUT, NAME), *feeds)]
    norms = [name for name, _ in model.named_modules() if re.search(_AFTER_FEED, name)]
    return [(name, around_norm) for name in norms] or [(name, after_sublayer) for name in feeds]


def insert(model: nn.Module, placement: str, width: int, activation: str) -> list[str]:
    """Put an adapter into every layer; the names of its parameters.

    Args:
        placement: `houlsby` or `pfeiffer`; width: dimensions inside; activation: a function of torch.nn.functional.
    """
    chosen = []
    for name, hook in places(model, placement):
        module = model.get_submodule(name)
        weight: Any = module.weight
        outside = weight.shape[0] if isinstance(module, nn.Linear) else weight.shape[-1]
        with torch.device(weight.device):
            module.add_module(NAME, Bottleneck(outside, width, getattr(F, activation)))
        module.register_forward_hook(hook)
        chosen += [f"{name}.{NAME}.{part}" for part, _ in module.get_submodule(NAME).named_parameters()]
    return chosen


__all__ = ["NAME", "Bottleneck", "after_sublayer", "around_norm", "insert", "places"]
