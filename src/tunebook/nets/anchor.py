"""Weights held near where they were: what each of them mattered for, and the quadratic penalty on leaving."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from tunebook.core.technique import Batch, LossFn, RunContext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tunebook.core.encoded import Encoded

Importance = dict[str, Tensor]
_NOTHING = 1e-12  # of a mean of 1: below it a number holds nothing, and the smallest are slow to reckon with


class Anchor:
    """The penalty 1/2 * sum of importance * (weight - anchor) ** 2, over the weights as they stand now.

    It is a term of the weights alone, so that adding it to the mean loss of every micro-batch adds it once to a step.

    Args:
        weights: name -> parameter; the anchor is a copy of their values.
        importance: name -> importance of each entry; a name that is missing, or has none above 0, is left free. None
            holds all entries alike.
    """

    def __init__(self, weights: Mapping[str, nn.Parameter], importance: Mapping[str, Tensor] | None = None) -> None:
        self._held = []
        for name, parameter in weights.items():
            factor = None if importance is None else importance.get(name)
            if importance is None or (factor is not None and bool((factor > 0).any())):
                own = factor.to(parameter) if factor is not None else None
                self._held.append((parameter, parameter.detach().clone(), own))

    def __bool__(self) -> bool:
        return bool(self._held)

    def penalty(self) -> Tensor:
        """A scalar with a gradient; in float32."""
        parts = []
        for parameter, anchor, factor in self._held:
            square = (parameter - anchor).float().square()
            parts.append((square if factor is None else square * factor).sum())
        return torch.stack(parts).sum() / 2


def trained_weights(model: nn.Module) -> dict[str, nn.Parameter]:
    """Name -> parameter, of those that are trained."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def importance_of(
    model: nn.Module, batches: Iterable[Batch], value: Callable[[Batch], Tensor], fold: Callable[[Tensor], Tensor]
) -> Importance:
    """Mean over batches (of one row each) of a function of the gradient of a value, for every trained weight.

    Args:
        value: of a batch, a scalar with a gradient.
        fold: `torch.square` for Fisher's information, `torch.abs` for a sensitivity.
    """
    weights = trained_weights(model)
    total = {name: torch.zeros_like(parameter, dtype=torch.float32) for name, parameter in weights.items()}
    count = 0
    with _still(model), torch.enable_grad():
        for batch in batches:
            found = torch.autograd.grad(value(batch), list(weights.values()), allow_unused=True)
            for name, gradient in zip(weights, found, strict=True):
                if gradient is not None:
                    total[name] += fold(gradient.float())
            count += 1
    return {name: item / max(count, 1) for name, item in total.items()}


@contextmanager
def _still(model: nn.Module) -> Iterator[None]:
    """The model without dropout; afterwards each of its modules is in the mode in which it was."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def normalised(importance: Importance) -> Importance:
    """The same with mean 1 over the entries above 0, so that one strength means the same on any data and model.

    Entries of 0 stay out of the mean: tokens that no row holds would else decide it.
    """
    count = sum(int((item > 0).sum()) for item in importance.values())
    if not count:
        return importance
    mean = sum(float(item.double().sum()) for item in importance.values()) / count
    scaled = {name: item / mean for name, item in importance.items()}
    return {name: item * (item > _NOTHING) for name, item in scaled.items()}


def added(one: Importance, other: Mapping[str, Tensor], share: float = 1.0) -> Importance:
    """one + share * other."""
    return {name: item + share * other[name].to(item) if name in other else item for name, item in one.items()}


def widened(item: Tensor, like: Tensor) -> Tensor:
    """The same on the device of a weight that may have grown rows at its end: those get 0."""
    whole = torch.zeros_like(like, dtype=torch.float32)
    whole[: len(item)] = item.to(whole)
    return whole


def held(inner: LossFn, anchor: Anchor, strength: float, run: RunContext, key: str) -> LossFn:
    """A loss with strength times the penalty added; it notes the penalty's share for a technique."""
    if not anchor:
        return inner

    def loss(model: Any, batch: Batch) -> Any:
        mean, outputs = inner(model, batch)
        penalty = strength * anchor.penalty()
        run.acted(key, penalty=float(penalty.detach()), loss=float(mean.detach()))
        did = run.counters[key]
        run.noted(key, penalty_share=did["penalty"] / max(did["penalty"] + did["loss"], 1e-12))
        return mean + penalty.to(mean), outputs

    return loss


def importance_of_past(
    run: RunContext, value: Callable[[Batch], Tensor], fold: Callable[[Tensor], Tensor], rows: int, gamma: float = 1.0
) -> Importance:
    """What each weight mattered for in the runs before: of each of them mean 1, all added up.

    Args:
        rows: of each run before, drawn once for all; fewer where it had fewer.
        gamma: what a run counts relative to the one that came after it.
    """
    assert run.source is not None and run.source.past is not None
    past = run.source.past
    total: Importance = {}
    for age in np.unique(past.fixed["past.age"]):
        batches = run.source.batches(_some(past, int(age), rows, run.seed), 1)
        found = normalised(importance_of(run.model, batches, value, fold))
        total = added(total, found, gamma ** (int(age) - 1)) if total else found
    return total


def _some(past: Encoded, age: int, count: int, seed: int) -> Encoded:
    mine = np.flatnonzero(past.fixed["past.age"] == age)
    draw = np.random.default_rng([seed, age])
    return past.take(np.sort(draw.choice(mine, min(count, len(mine)), replace=False)))


__all__ = [
    "Anchor",
    "Importance",
    "added",
    "held",
    "importance_of",
    "importance_of_past",
    "normalised",
    "trained_weights",
    "widened",
]
