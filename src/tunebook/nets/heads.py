"""The last linear map of a model: the vectors that it reads, and its product in float32 whatever the precision.

Under autocast a linear map in bf16 has 8 bits: answers near 100 would come in steps of 0.5, and no two of a model that
has only begun to learn would differ. And a head moves by about the learning rate a step, so it needs as many steps as
the labels are wide. Here the map answers y = unit (W h + b), in float32, and W and b are what is trained: for labels of
any width as for those of width 1. The unit is a power of two, so that putting it into the weights of an ordinary linear
map afterwards changes no bit of any answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own documentation uses
from numpy.typing import NDArray
from torch import Tensor, nn

from tunebook.core.errors import ModelError
from tunebook.models.architecture import depths

_FRESH = "tunebook_fresh"


def mark_fresh(model: nn.Module, names: Iterable[str]) -> None:
    """Write down which weights of a model that was just loaded its files did not have."""
    setattr(model, _FRESH, frozenset(names))


def was_loaded(model: nn.Module, name: str) -> bool:
    """Whether a weight came from the files of the base model; False where nobody wrote it down."""
    fresh = getattr(model, _FRESH, None)
    return fresh is not None and name not in fresh


def head_of(model: nn.Module, outputs: int) -> nn.Linear:
    """The linear layer that gives a model's `outputs` answers: the last one so wide above the encoder's layers."""
    inside = depths(model).prefix + "."
    found = [
        module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and module.out_features == outputs and not name.startswith((inside, "extra_"))
    ]
    return found[-1]


def named_head(model: nn.Module, outputs: int) -> tuple[str, nn.Linear | None]:
    """The same with its name; none, and an empty name, of an architecture of which it is not known."""
    try:
        head = head_of(model, outputs)
    except (ModelError, IndexError):
        return "", None
    return next(name for name, module in model.named_modules() if module is head), head


@contextmanager
def head_inputs(head: nn.Linear) -> Iterator[list[Tensor]]:
    """Inside, whatever goes into a head is put into the list."""
    seen: list[Tensor] = []
    hook = head.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    try:
        yield seen
    finally:
        hook.remove()


def pooled(seen: list[Tensor], mask: Tensor) -> Tensor:
    """Vectors (B, width) in float32 of the rows of a batch whose `attention_mask` is given, shape (B, length).

    Args:
        seen: what the head read: first of the rows as they are, then perhaps of those rows changed. Of a head that
            reads every token it is the mean over the row's tokens.
    """
    first = next((item for item in seen if item.requires_grad), seen[0])[: len(mask)].float()
    if first.dim() == 2:
        return first
    shares = mask.to(first) / mask.sum(dim=1, keepdim=True)
    return (first * shares[..., None]).sum(dim=1)


def unit_of(targets: NDArray[Any]) -> float:
    """The power of two that is nearest to the standard deviation of numbers; 1 where they do not vary."""
    spread = float(np.std(np.asarray(targets, dtype=np.float64))) if len(targets) else 0.0
    return 2.0 ** round(math.log2(spread)) if spread > 0 else 1.0


class ExactHead(nn.Linear):
    """A linear map of float32 that answers in its own unit.

    Args:
        plain: the map that it stands for; unit: a power of two.
        fresh: the map was drawn at random, for numbers that vary by about 1: its answers are drawn out to the unit, but
            for what its biases answer. Else all its answers stay as they are.
    """

    def __init__(self, plain: nn.Linear, unit: float, *, fresh: bool = False) -> None:
        super().__init__(plain.in_features, plain.out_features, plain.bias is not None, device="meta")
        self.unit = unit
        self.weight = _scaled(plain.weight, 1.0 if fresh else 1 / unit)
        if plain.bias is not None:
            self.bias = _scaled(plain.bias, 1 / unit)

    def forward(self, hidden: Tensor) -> Tensor:
        """Answers (..., outputs) in float32 to vectors (..., width) of any precision."""
        with torch.autocast(hidden.device.type, enabled=False):
            return F.linear(hidden.float(), self.weight, self.bias) * self.unit

    def plain(self) -> nn.Linear:
        """The ordinary map that answers the same."""
        made = nn.Linear(self.in_features, self.out_features, self.bias is not None, device="meta")
        made.weight = _scaled(self.weight, self.unit)
        if self.bias is not None:
            made.bias = _scaled(self.bias, self.unit)
        return made.train(self.training)


def _scaled(item: Tensor, factor: float) -> nn.Parameter:
    return nn.Parameter(item.detach() * factor, requires_grad=item.requires_grad)


def exact(model: nn.Module, outputs: int, unit: float, *, fresh: bool) -> None:
    """Put an exact head in the place of the last linear map of a model with so many outputs; an architecture of which
    that is not known is left as it is."""
    name, head = named_head(model, outputs)
    if head is not None:
        model.set_submodule(name, ExactHead(head, unit, fresh=fresh))


def plain(model: nn.Module) -> None:
    """Give a model ordinary linear maps in the places of its exact heads, wherever a method has put copies of them."""
    for name, module in list(model.named_modules()):
        if isinstance(module, ExactHead):
            model.set_submodule(name, module.plain())


__all__ = [
    "ExactHead",
    "exact",
    "head_inputs",
    "head_of",
    "mark_fresh",
    "named_head",
    "plain",
    "pooled",
    "unit_of",
    "was_loaded",
]
