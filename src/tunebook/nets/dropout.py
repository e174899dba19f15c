"""Dropout from random bits on CPUs, where torch draws one number for each entry, on one core.

Here four mask entries come from one 64-bit random word, so the chance of a zero is p rounded to 1/65536. The words come
from torch's own generator: the seed decides them, and a resumed run goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_LEVELS = 1 << 16


def drawn(shape: Sequence[int], p: float) -> tuple[Tensor, float]:
    """Which entries stay, drawn at random, as truths of a shape; and what those are multiplied by, 1 / (1 - p)."""
    cut, count = round(p * _LEVELS), torch.Size(shape).numel()
    if cut == _LEVELS:
        return torch.zeros(shape, dtype=torch.bool), 1.0
    words = torch.empty(-(-count // 4), dtype=torch.int64).random_(-(2**63), None)
    kept = words.view(torch.int16)[:count].view(*shape) >= cut - _LEVELS // 2
    return kept, _LEVELS / (_LEVELS - cut)


def dropout(x: Tensor, p: float) -> Tensor:
    """x with a share p of its entries set to 0 and the others scaled by 1 / (1 - p); any shape, on the CPU."""
    if round(p * _LEVELS) == 0:
        return x
    kept, scale = drawn(x.shape, p)
    return x * kept.to(x.dtype).mul_(scale)


class FastDropout(nn.Module):
    """Takes the place of nn.Dropout."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """The input, with dropout while training."""
        return dropout(x, self.p) if self.training else x


__all__ = ["FastDropout", "drawn", "dropout"]
