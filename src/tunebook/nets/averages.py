"""Averages of weights: of one model while it is trained, and of several models, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from tunebook.core.errors import PlanError
from tunebook.core.technique import Facts, RunContext
from tunebook.tables.rules import looks

Weights = dict[str, Tensor]


def moved(run: RunContext) -> dict[str, nn.Parameter]:
    """The parameters that the optimiser moves, by name. All others are the same in every average."""
    trained = {id(item) for group in run.optimizer.param_groups for item in group["params"]}
    return {name: item for name, item in run.model.named_parameters() if id(item) in trained}


def copied(weights: Mapping[str, Tensor]) -> Weights:
    """The weights as they are now."""
    return {name: item.detach().clone() for name, item in weights.items()}


def mean(parts: Sequence[Mapping[str, Tensor]]) -> Weights:
    """The mean of several sets of weights; of one set it is that set, bit for bit."""
    total = copied(parts[0])
    for part in parts[1:]:
        for name, item in part.items():
            total[name] += item.to(total[name].device)
    return {name: item / len(parts) for name, item in total.items()}


@contextmanager
def standing_in(run: RunContext, weights: Mapping[str, Tensor]) -> Iterator[None]:
    """Inside, the model has these weights; afterwards those of training again.

    The parameters themselves are held, not their names: while a model is kept, some of them may be replaced in it.
    """
    held = moved(run)
    own = copied(held)
    _put(held, weights)
    try:
        yield
    finally:
        _put(held, own)


@torch.no_grad()
def _put(held: Mapping[str, nn.Parameter], weights: Mapping[str, Tensor]) -> None:
    for name, item in held.items():
        item.copy_(weights[name])


@runtime_checkable
class Keeps(Protocol):
    """A technique that may keep another model than that of the best look."""

    def look_kept(self) -> Literal["best", "last", "own"]:
        """Which look the kept model is that of: the best one, the last one, or none, for it is made of several."""


class Judge(Protocol):
    """What models are worth on the validation rows."""

    def answers(self, model: nn.Module) -> NDArray[np.float32]:
        """What a model answers, shape (N, outputs)."""

    def off(self, logits: NDArray[np.float32]) -> tuple[float, ...]:
        """The metric that chooses, on the rows outside of each fold."""


@runtime_checkable
class KeepsAverage(Protocol):
    """A technique that keeps a model made of several looks, and can say what it would have kept without some rows."""

    def looked(self, off: Sequence[float], run: RunContext) -> None:
        """After each look: its scores on the rows outside of each fold."""

    def crossed(self, run: RunContext, judge: Judge) -> list[NDArray[np.float32]]:
        """After training: for each fold the answers (N, outputs) of the model that the rows outside of it choose."""


def need_looks(key: str, facts: Facts) -> None:
    """Refuse an average over looks where there is only one look.

    Raises:
        PlanError: `averaging.looks`.
    """
    found = looks(facts.settings, facts.rows)
    if found < 2:
        raise PlanError("averaging.looks", key=key, value=found, allowed=">= 2")


@dataclass(frozen=True)
class Mix:
    """Models of one shape, added up.

    Attributes:
        total: name -> sum, in float32 and on the CPU; what holds no fractions (positions, counters) is the first
            model's.
        count: how many models that is.
    """

    total: dict[str, Tensor]
    count: int = 1

    @staticmethod
    def of(model: nn.Module) -> Mix:
        """A single model."""
        return Mix({name: _number(item).clone() for name, item in model.state_dict().items()})

    def other(self, model: nn.Module) -> str:
        """Name of a tensor that this model and those here do not both have in the same shape; empty where it fits."""
        theirs = model.state_dict()
        names = [*self.total, *(name for name in theirs if name not in self.total)]
        fits = (
            name in self.total and name in theirs and self.total[name].shape == theirs[name].shape for name in names
        )
        return next((name for name, fit in zip(names, fits, strict=True) if not fit), "")

    def plus(self, model: nn.Module) -> Mix:
        """These models and one more."""
        theirs = model.state_dict()
        total = {
            name: item + _number(theirs[name]) if item.is_floating_point() else item
            for name, item in self.total.items()
        }
        return Mix(total, self.count + 1)

    def weights(self) -> dict[str, Tensor]:
        """Their mean; of a single model its own weights, bit for bit."""
        return {
            name: item / self.count if item.is_floating_point() else item.clone() for name, item in self.total.items()
        }

    def into(self, model: nn.Module) -> None:
        """Give a model of this shape the mean."""
        model.load_state_dict(self.weights())


def _number(item: Tensor) -> Tensor:
    """A tensor on the CPU; fractions in float32, in which sums of bf16 do not lose what is added."""
    found = item.detach().cpu()
    return found.to(torch.float32) if found.is_floating_point() else found


__all__ = ["Judge", "Keeps", "KeepsAverage", "Mix", "Weights", "copied", "mean", "moved", "need_looks", "standing_in"]
