"""GradCache: the exact gradient of a loss of many vectors, in the memory of a few forward passes.

All vectors are made first, a part at a time and without a graph; then the loss and its gradient for each vector; last
each part is made again, with the same dropout, and that gradient goes back through it.

Source: Gao et al. 2021 (arXiv:2101.06983).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from tunebook.core.batch import Batch, model_inputs

Part = Callable[[], Tensor]  # makes some of the vectors


def cached(model: Any, batch: Batch, lines: int, loss: Callable[[Tensor], Tensor]) -> tuple[Tensor, Any]:
    """A loss of the vectors of all lines of a batch, and these vectors as outputs without a graph.

    Args:
        lines: that are in one forward pass at most; of long ones fewer, so that a pass reads no more than so many lines
            of the batch do on average, and the longest of a large step take no more memory than those of a small one.
        loss: of vectors (all lines, width).
    """
    order, sizes, parts = _parts(model, batch, lines)
    device = batch["input_ids"].device
    states = []
    with torch.no_grad():
        made = []
        for part in parts:
            states.append(_State(device))
            made.append(part())
    back = torch.empty_like(order)
    back[order] = torch.arange(len(order), device=device)
    vectors = torch.cat(made)[back].detach().requires_grad_()
    with torch.enable_grad():
        found = loss(vectors)
        (gradient,) = torch.autograd.grad(found, vectors)
    replay = _Replay(parts, states, torch.split(gradient[order], sizes), _arithmetic(device))
    trained = [item for item in model.parameters() if item.requires_grad]
    result: Tensor = _Cached.apply(found.detach(), replay, *trained)  # type: ignore[no-untyped-call]
    return result, SimpleNamespace(logits=vectors.detach())


def _parts(model: Any, batch: Batch, lines: int) -> tuple[Tensor, list[int], list[Part]]:
    """Lines by their length, how many each part has, and what makes their vectors, without needless padding."""
    inputs = model_inputs(batch)
    lengths = inputs["attention_mask"].sum(1)
    order = torch.argsort(lengths, descending=True, stable=True)

    def part(chosen: Tensor) -> Part:
        longest = int(lengths[chosen].max())
        given = {name: column[chosen, :longest] for name, column in inputs.items()}
        return lambda: model(**given).logits

    sizes = _sizes(lengths[order].tolist(), lines)
    return order, sizes, [part(chosen) for chosen in torch.split(order, sizes)]


def _sizes(lengths: list[int], lines: int) -> list[int]:
    """How many lines each part has: at most so many, of which the padded tokens are at most those of so many lines of
    mean length, but one at least.

    Args:
        lengths: tokens of each line, the longest first.
    """
    sizes, begin, total = [], 0, sum(lengths)
    while begin < len(lengths):
        fit = lines * total // (len(lengths) * lengths[begin])
        sizes.append(min(max(fit, 1), lines, len(lengths) - begin))
        begin += sizes[-1]
    return sizes


class _State:
    """The random numbers that come next, to be drawn again."""

    def __init__(self, device: torch.device) -> None:
        self.cpu = torch.get_rng_state()
        self.cuda = torch.cuda.get_rng_state(device) if device.type == "cuda" else None
        self.device = device

    @contextmanager
    def again(self) -> Iterator[None]:
        """Inside they are drawn; afterwards all is as before."""
        with torch.random.fork_rng(devices=[self.device] if self.cuda is not None else []):
            torch.set_rng_state(self.cpu)
            if self.cuda is not None:
                torch.cuda.set_rng_state(self.cuda, self.device)
            yield


class _Replay:
    """What goes back through each part."""

    def __init__(
        self, parts: Sequence[Part], states: Sequence[_State], gradients: Sequence[Tensor], arithmetic: Any
    ) -> None:
        self.parts, self.states, self.gradients, self.arithmetic = parts, states, gradients, arithmetic

    def gradient(self, trained: Sequence[Tensor], factor: Tensor) -> list[Tensor | None]:
        """Of each parameter, times a factor."""
        sums: list[Tensor | None] = [None] * len(trained)
        for part, state, gradient in zip(self.parts, self.states, self.gradients, strict=True):
            with torch.enable_grad(), state.again(), self.arithmetic():
                vectors = part()
            found = torch.autograd.grad(vectors, trained, gradient * factor, allow_unused=True)
            for place, one in enumerate(found):
                before = sums[place]
                sums[place] = one if before is None else before if one is None else before.add_(one)
        return sums


class _Cached(torch.autograd.Function):
    """A number whose gradient is replayed."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, replay: _Replay, *trained: Tensor) -> Tensor:
        ctx.replay, ctx.trained = replay, trained
        return value.clone()

    @staticmethod
    def backward(ctx: Any, factor: Tensor) -> Any:
        return None, None, *ctx.replay.gradient(ctx.trained, factor)


def _arithmetic(device: torch.device) -> Callable[[], AbstractContextManager[Any]]:
    """The precision that holds now, to be had again."""
    if not torch.is_autocast_enabled(device.type):
        return nullcontext
    kind = torch.get_autocast_dtype(device.type)
    return lambda: torch.autocast(device.type, dtype=kind)


__all__ = ["cached"]
