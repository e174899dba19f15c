"""What training costs on this machine, measured for a fraction of a second on a block of a transformer's width."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

_PATIENCE = 0.05  # seconds that one timed pass may take
_NARROW = 16  # a width at which arithmetic costs nothing beside the calls
_TENSORS, _LARGE = 32, 1 << 20


@dataclass(frozen=True)
class Speed:
    """Seconds of this machine.

    Attributes:
        operation: of a floating-point operation in matrix products, with what lies between them.
        module: of a call of a module and its way back, however small the tensors are.
        tensor: of a parameter tensor in an optimiser step, however small it is; clipping included.
        parameter: of each parameter in it.
    """

    operation: float
    module: float
    tensor: float
    parameter: float


class _Block(nn.Module):
    """Two products of a transformer's width with what comes with them: 2 operations a parameter and token forward."""

    modules_called = 6

    def __init__(self, width: int) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(width, width), nn.Linear(width, width)
        self.act, self.norm = nn.GELU(), nn.LayerNorm(width)
        self.first, self.second = nn.Dropout(0.1), nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        inner: Tensor = self.second(self.down(self.first(self.act(self.up(x)))))
        return torch.as_tensor(self.norm(x + inner))


@cache
def measure(width: int, tokens: int, precision: str = "fp32") -> Speed:
    """Measure passes there and back of such a block, and optimiser steps.

    Args:
        width: hidden size of the model.
        tokens: tokens of a forward pass; fewer are measured where these would take too long.
        precision: `fp32`, `bf16` or `fp16`.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with torch.random.fork_rng():  # whoever asks for an estimate keeps the random numbers that he would have had
        floor = _best(_passes(_Block(_NARROW).to(device), 1, precision), 8)
        block = _Block(width).to(device)
        count, taken = min(tokens, 16), 0.0
        while True:
            taken = _best(_passes(block, count, precision), 2)
            if count >= tokens or taken * min(4, tokens / count) > _PATIENCE:
                break
            count = min(4 * count, tokens)
        return Speed(
            operation=max(taken - floor, 0.1 * taken) / (6 * 2 * width**2 * count),
            module=floor / block.modules_called,
            **_optimiser(device),
        )


def _passes(block: _Block, tokens: int, precision: str) -> Callable[[], None]:
    device = next(block.parameters()).device
    x = torch.randn(1, tokens, block.up.in_features, device=device, requires_grad=True)
    kind = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)

    def once() -> None:
        with torch.autocast(device.type, dtype=kind) if kind else nullcontext():
            out = block(x)
        out.sum().backward()

    return once


def _optimiser(device: str) -> dict[str, float]:
    def once(sizes: list[int]) -> Callable[[], None]:
        parameters = [nn.Parameter(torch.ones(size, device=device)) for size in sizes]
        for parameter in parameters:
            parameter.grad = torch.ones_like(parameter)
        optimizer = torch.optim.AdamW(parameters, lr=0.0, fused=True)

        def step() -> None:
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()

        return step

    small, large = _best(once([1] * _TENSORS), 4), _best(once([_LARGE]), 3)
    return {"tensor": small / _TENSORS, "parameter": max(large - small, 0.1 * large) / _LARGE}


def _best(work: Callable[[], None], repeats: int) -> float:
    """Seconds of the quickest of some repeats, after one that warms up."""
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return min(times[1:])


__all__ = ["Speed", "measure"]
