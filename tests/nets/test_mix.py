"""The mean of models, against numpy."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from tests import tiny
from tunebook.nets.averages import Mix


def numbers(model: nn.Module) -> dict[str, np.ndarray]:
    return {name: item.detach().float().numpy().copy() for name, item in model.state_dict().items()}


def test_the_mean_is_that_of_numpy_and_leaves_the_models_alone() -> None:
    models = [tiny.classifier("bert", seed=seed) for seed in range(3)]
    before = [numbers(model) for model in models]
    mix = Mix.of(models[0]).plus(models[1]).plus(models[2])
    for name, item in mix.weights().items():
        wanted = np.mean([part[name].astype(np.float64) for part in before], axis=0)
        np.testing.assert_allclose(item.numpy(), wanted, rtol=1e-6, atol=1e-8)
        assert item.dtype == torch.float32
    for model, part in zip(models, before, strict=True):
        assert all(np.array_equal(item, part[name]) for name, item in numbers(model).items())


def test_one_model_is_itself_and_the_mean_goes_into_another() -> None:
    one, two = tiny.classifier("bert", seed=0), tiny.classifier("bert", seed=1)
    assert all(torch.equal(item, one.state_dict()[name]) for name, item in Mix.of(one).weights().items())
    mix = Mix.of(one).plus(two)
    wanted = mix.weights()
    mix.into(two)
    assert all(torch.equal(item, wanted[name]) for name, item in two.state_dict().items())
    again = mix.weights()
    assert all(torch.equal(item, wanted[name]) for name, item in again.items()), "the sum did not go into the model"


class Counted(nn.Module):
    def __init__(self, steps: int, weight: float, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([weight], dtype=dtype))
        self.register_buffer("steps", torch.tensor(steps))


def test_what_holds_no_fractions_is_the_first_models_and_small_parts_are_not_lost() -> None:
    mix = Mix.of(Counted(3, 256.0, torch.bfloat16)).plus(Counted(8, 1.0, torch.bfloat16))
    assert mix.weights()["steps"].item() == 3 and mix.weights()["steps"].dtype == torch.int64
    assert mix.weights()["weight"].item() == 128.5, "in bf16 256 + 1 is 256"


def test_models_of_another_shape_are_named() -> None:
    mix = Mix.of(tiny.classifier("bert", labels=3))
    assert mix.other(tiny.classifier("bert", labels=3, seed=1)) == ""
    assert mix.other(tiny.classifier("bert", labels=2)) == "classifier.weight"
    less, more = nn.Linear(2, 2, bias=False), nn.Linear(2, 2)
    assert Mix.of(less).other(more) == "bias" == Mix.of(more).other(less)
