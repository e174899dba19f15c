"""Quicker matrix products on CPUs: those of oneDNN, in float32, where they measure faster than what torch takes.

On processors of AMD the library that torch multiplies float32 with (MKL) leaves AVX-512 aside; oneDNN, which torch
brings too, does not. Sums come in another order, so what is computed differs in its last bits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor, nn

_SHAPE = (512, 384, 1536)  # lines, and width of what goes in and out: a layer of a small encoder
_GAIN = 1.2  # times as fast it has to be
_TRIES, _LINES = 7, 512
_LOST = 4  # times as far from the product in float64 as torch's own it may be


@contextmanager
def quick_products(model: nn.Module) -> Iterator[None]:
    """Let the linear layers of a model multiply by oneDNN inside, without gradients, where that is quicker here. Their
    weights are held once more, in blocks, as long."""
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear) and _is_plain(layer)]
    layers = layers if layers and _is_quicker() else []
    try:
        for layer in layers:
            layer.forward = partial(_product, *_blocked(layer.weight, layer.bias))  # type: ignore[method-assign]
        yield
    finally:
        for layer in layers:
            layer.__dict__.pop("forward", None)


def _is_plain(layer: nn.Linear) -> bool:
    """Whether a layer is torch's own, on the CPU and in float32."""
    if type(layer) is not nn.Linear or "forward" in layer.__dict__:
        return False
    return layer.weight.device.type == "cpu" and layer.weight.dtype == torch.float32


def _blocked(weight: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor | None]:
    """A weight as oneDNN reads it."""
    made: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight.detach(), _LINES)
    return made, None if bias is None else bias.detach()


def _product(weight: Tensor, bias: Tensor | None, lines: Tensor) -> Tensor:
    """Lines (..., in) times a blocked weight, and the bias: (..., out)."""
    made: Tensor = torch.ops.mkldnn._linear_pointwise(lines, weight, bias, "none", [], "")
    return made


@cache
def _is_quicker() -> bool:
    """Whether products of oneDNN are at least 1.2 times as fast, and as exact; measured once a process, in 20 ms."""
    try:
        with torch.inference_mode():
            return _measured()
    except (AttributeError, RuntimeError):  # a build of torch without it
        return False


def _measured() -> bool:
    rows, wide, out = _SHAPE
    draw = torch.Generator().manual_seed(0)
    lines, weight, bias = (torch.randn(shape, generator=draw) for shape in ((rows, wide), (out, wide), (out,)))
    own, other = partial(nn.functional.linear, lines, weight, bias), partial(_product, *_blocked(weight, bias), lines)
    exact = nn.functional.linear(lines.double(), weight.double(), bias.double())
    lost = [float((made().double() - exact).abs().max()) for made in (own, other)]
    return lost[1] <= _LOST * lost[0] and _seconds(own) >= _GAIN * _seconds(other)


def _seconds(made: Callable[[], Any]) -> float:
    """The shortest of several tries."""
    found = []
    for _ in range(_TRIES):
        begun = time.perf_counter()
        made()
        found.append(time.perf_counter() - begun)
    return min(found)


__all__ = ["quick_products"]
