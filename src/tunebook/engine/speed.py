"""What training costs on a GPU, or in arithmetic that a processor imitates, measured on a transformer's block in torch.

Of a processor's own arithmetic `models/cpu_speed.py` tells the same in less time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache

import torch
from torch import Tensor, nn

from tunebook.models.cpu_speed import PASSES, Clock, Speed

_PATIENCE = 0.05  # seconds that one timed pass may take
_NARROW = 16  # a width at which arithmetic costs nothing beside the calls
_TENSORS, _LARGE = 32, 1 << 20


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
        clock = Clock()
        floor = _typical(_passes(_Block(_NARROW).to(device), 1, precision), clock)
        block = _Block(width).to(device)
        count, taken = min(tokens, 16), 0.0
        while True:
            taken = _typical(_passes(block, count, precision), clock, 3)
            if count >= tokens or taken * min(4, tokens / count) > _PATIENCE:
                break
            count = min(4 * count, tokens)
        return Speed(
            operation=max(taken - floor, 0.1 * taken) / (6 * 2 * width**2 * count),
            module=floor / block.modules_called,
            **_optimiser(device, clock),
            waiting=clock.waiting,
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


def _optimiser(device: str, clock: Clock) -> dict[str, float]:
    def once(sizes: list[int]) -> Callable[[], None]:
        parameters = [nn.Parameter(torch.ones(size, device=device)) for size in sizes]
        for parameter in parameters:
            parameter.grad = torch.ones_like(parameter)
        optimizer = torch.optim.AdamW(parameters, lr=0.0, fused=True)

        def step() -> None:
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()

        return step

    small, large = _typical(once([1] * _TENSORS), clock), _typical(once([_LARGE]), clock, 3)
    return {"tensor": small / _TENSORS, "parameter": max(large - small, 0.1 * large) / _LARGE}


def _typical(work: Callable[[], None], clock: Clock, passes: int = PASSES) -> float:
    """Seconds of some passes' median: of this thread's work, or of a GPU's clock, for the GPU works by itself."""
    if not torch.cuda.is_available():
        return clock.seconds(work, passes)
    work()
    times = []
    for _ in range(passes):
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


__all__ = ["measure"]
