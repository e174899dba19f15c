"""The gradient reversal layer: what it lets through unchanged comes back with its sign turned."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class Reversal(torch.autograd.Function):
    """y = x, dL/dx = -strength * dL/dy (Ganin et al. 2016, formula 14 and 15)."""

    @staticmethod
    def forward(ctx: Any, given: Tensor, strength: float) -> Tensor:
        """The input itself."""
        ctx.strength = strength
        return given.view_as(given)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """The gradient turned round."""
        return -ctx.strength * gradient, None


def reverse(given: Tensor, strength: float) -> Tensor:
    """A tensor whose gradient is turned round."""
    out: Tensor = Reversal.apply(given, strength)  # type: ignore[no-untyped-call]
    return out


__all__ = ["Reversal", "reverse"]
