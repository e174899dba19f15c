"""A classifier that reads the mean of a text's tokens, as an ordinary model of its kind.

Classifiers of BERT's and RoBERTa's kind read the first token, while models that were made for vectors, and many others,
speak by the mean of all tokens. One further layer turns the one into the other: its queries and keys are 0, so that
every token looks at all tokens alike; it hands their mean on and nothing of what a token said itself. The first token
is then the mean, with mean 0 and variance 1 over its numbers, and plain transformers loads the model as one that has a
layer more. The map before the head, whose answers go through tanh, becomes a small multiple of the identity, in which
tanh is almost a line. Cost: the layer, of 12 a twelfth of the time of an answer.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from tunebook.models.architecture import depths

_LOUD = 1000.0  # what the mean is multiplied by, against the token's own vector, which the layer adds to it
_SMALL = 0.1  # what the numbers of a vector are multiplied by before tanh
_PARTS = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "attention.output.LayerNorm",
    "intermediate.dense",
    "output.dense",
    "output.LayerNorm",
)
_LAYER = "mean_layer"  # in a model's config: the number of the layer that hands on the mean
_POOLING = "classifier_pooling"  # of ModernBERT's config: its classifier can read the mean by itself


def reads_mean(model: Any) -> bool:
    """Whether a classifier reads the mean of the tokens already."""
    if hasattr(model.config, _POOLING):
        return bool(getattr(model.config, _POOLING) == "mean")
    return bool(getattr(model.config, _LAYER, None) == depths(model).layers)


def mean_layer(model: Any) -> str:
    """How the names of the layer begin that hands on the mean; empty where there is none."""
    number = getattr(getattr(model, "config", None), _LAYER, None)
    return f"{depths(model).prefix}.{number - 1}." if number and reads_mean(model) else ""


def can_read_mean(model: Any) -> bool:
    """Whether it can be made to."""
    layers: Any = model.get_submodule(depths(model).prefix)
    return hasattr(model.config, _POOLING) or (_known(layers[-1]) and bool(_before_head(model)))


def read_mean(model: Any) -> None:
    """Let a classifier that can do so read the mean; what is added is a fixed function and stays so in a training."""
    if hasattr(model.config, _POOLING):
        model.config.classifier_pooling = "mean"
        return
    layers: Any = model.get_submodule(depths(model).prefix)
    layers.append(_mean_layer(layers[-1], len(layers)))
    model.config.num_hidden_layers = len(layers)
    setattr(model.config, _LAYER, len(layers))
    for linear in _before_head(model):
        _identity(linear, _SMALL)


def _known(layer: nn.Module) -> bool:
    names = {name for name, _ in layer.named_modules()}
    return names.issuperset(_PARTS)


def _before_head(model: Any) -> list[nn.Linear]:
    """The square map between the last layer and the head."""
    inside, width = depths(model).prefix + ".", model.config.hidden_size
    found = [
        module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and not name.startswith(inside) and name.endswith(("pooler.dense", "r.dense"))
    ]
    return [module for module in found if module.in_features == module.out_features == width]


def _mean_layer(like: nn.Module, number: int) -> nn.Module:
    layer = copy.deepcopy(like)
    for module in layer.modules():
        if hasattr(module, "layer_idx"):
            setattr(module, "layer_idx", number)  # noqa: B010 - a plain number among modules
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    parts: dict[str, Any] = {name: layer.get_submodule(name) for name in _PARTS}
    for name, part in parts.items():
        if name.endswith("LayerNorm"):
            with torch.no_grad():
                part.weight.fill_(1.0)
                part.bias.zero_()
            part.requires_grad_(False)
        else:
            _identity(part, {"attention.self.value": 1.0, "attention.output.dense": _LOUD}.get(name, 0.0))
    return layer


@torch.no_grad()
def _identity(linear: nn.Linear, factor: float) -> None:
    """Make a map a multiple of the identity, or 0, for good."""
    linear.weight.zero_()
    linear.bias.zero_()
    if factor:
        linear.weight.fill_diagonal_(factor)
    linear.requires_grad_(False)


__all__ = ["can_read_mean", "mean_layer", "read_mean", "reads_mean"]
