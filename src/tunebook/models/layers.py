"""How deep in a model each parameter lies: what freezing and layer-wise rates are built on.

Depth 0 are the embeddings, 1 ... L the layers from the bottom, L + 1 all that comes after them: final norm, pooler
and head. It is read off the modules themselves, so it holds for BERT, RoBERTa, XLM-R, ELECTRA, DeBERTa, DistilBERT,
ModernBERT, ViT and whatever keeps its layers in one list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tunebook.core.errors import ModelError

if TYPE_CHECKING:
    from torch import nn

# DeBERTa's `encoder.LayerNorm` norms the embeddings of relative positions.
_BELOW = re.compile(r"(^|\.|_)(\w*embed\w*|cls_token|mask_token)(\.|_|$)|\.encoder\.LayerNorm\.")


@dataclass(frozen=True)
class Depths:
    """Depth of every parameter of a model.

    Attributes:
        of: name of the parameter -> depth.
        layers: number of layers L.
        prefix: name of the list that holds the layers, such as `bert.encoder.layer`.
    """

    of: dict[str, int]
    layers: int
    prefix: str

    @property
    def top(self) -> int:
        """Depth of the head: L + 1."""
        return self.layers + 1


def depths(model: nn.Module) -> Depths:
    """Depth of every parameter, each exactly once.

    Raises:
        ModelError: the model has no list of layers of the length that its config names.
    """
    prefix, count = _layer_list(model)
    inside = re.compile(re.escape(prefix) + r"\.(\d+)\.")
    of = {}
    for name, _ in model.named_parameters():
        match = inside.match(name)
        if match:
            of[name] = int(match.group(1)) + 1
        else:
            of[name] = 0 if _BELOW.search(name) else count + 1
    return Depths(of, count, prefix)


def _layer_list(model: nn.Module) -> tuple[str, int]:
    config = getattr(model, "config", None)
    wanted = getattr(config, "num_hidden_layers", None)
    for name, module in model.named_modules():
        if type(module).__name__ == "ModuleList" and len(module) == wanted:
            return name, len(module)
    raise ModelError("model.layers", key=type(model).__name__, value=wanted)


def frozen_modules(model: nn.Module, upto: int) -> list[nn.Module]:
    """The embeddings and the first `upto` layers, as modules: all of which every parameter lies at most so deep.

    So the embeddings as a whole are among them, with the dropout that they hold.
    """
    found = depths(model).of
    deepest: dict[str, int] = {}
    for name, depth in found.items():
        for place, letter in enumerate(name):
            if letter == ".":
                deepest[name[:place]] = max(depth, deepest.get(name[:place], 0))
    return [model.get_submodule(name) for name, depth in deepest.items() if depth <= upto]


__all__ = ["Depths", "depths", "frozen_modules"]
