"""The mean of the weights of several models, which grows by one model at a time."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


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


__all__ = ["Mix"]
