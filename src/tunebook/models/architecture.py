"""What a model is made of: how deep each parameter lies, and what a config says of a classifier of BERT's kind.

Importing transformers and building a model from it takes seconds, in which a command is silent. Most encoders in use
are of these two kinds; whatever else, or says anything unusual, is left to transformers.

Depth 0 are the embeddings, 1 ... L the layers from the bottom, L + 1 all that comes after them: final norm, pooler
and head. It is read off the modules themselves, so it holds for BERT, RoBERTa, XLM-R, ELECTRA, DeBERTa, DistilBERT,
ModernBERT, ViT and whatever keeps its layers in one list. The layers of a decoder that reads an encoder lie upon those
of the encoder: T5, BART, mBART, Marian.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import ModelError

if TYPE_CHECKING:
    from torch import nn


_SIZES = {
    "vocab_size": 30522,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
}
_PADS = {"bert": 0, "roberta": 1, "xlm-roberta": 1, "camembert": 1}
_VOCABULARY = {"roberta": 50265}  # where the config names none
_PER_LAYER, _EMBEDDINGS = 12, 5  # modules without children: products, norms, dropouts, the activation
_UNUSUAL = ("auto_map", "quantization_config", "pruned_heads", "is_decoder", "add_cross_attention", "tie_weights")
# DeBERTa's `encoder.LayerNorm` norms the embeddings of relative positions; `wte` and `wpe` are GPT-2's embeddings.
_BELOW = re.compile(
    r"(^|\.|_)(\w*embed\w*|cls_token|mask_token)(\.|_|$)|\.encoder\.LayerNorm\.|(^|\.)(shared|w[tp]e)\.weight$"
)


@dataclass(frozen=True)
class Architecture:
    """A classifier of one of these kinds.

    Attributes:
        kind: `bert` or `roberta`, which is also what its body is called.
        hidden, layers, heads: its width and depth; norm: the epsilon of its norms; pad: number of the padding token.
        shapes: name of each parameter -> its shape.
    """

    kind: str
    hidden: int
    layers: int
    heads: int
    norm: float
    pad: int
    shapes: Mapping[str, tuple[int, ...]]

    @property
    def parameters(self) -> int:
        """All parameters, the head's included."""
        return sum(map(prod, self.shapes.values()))

    @property
    def lookups(self) -> int:
        """Parameters of the embeddings, which are looked up and not multiplied."""
        return sum(prod(shape) for name, shape in self.shapes.items() if "embeddings." in name)

    @property
    def head(self) -> str:
        """Name of the last linear map, which gives the answers."""
        return "classifier" if self.kind == "bert" else "classifier.out_proj"

    @property
    def modules(self) -> int:
        """Modules that hold no others: what a forward pass calls."""
        return _EMBEDDINGS + _PER_LAYER * self.layers + (4 if self.kind == "bert" else 3)


def architecture(config: Mapping[str, Any], outputs: int) -> Architecture | None:
    """A classifier with so many outputs on the body that a config.json describes; None where transformers has to be
    asked: for another kind, or one that is built in an unusual way, or not at all.
    """
    kind = str(config.get("model_type"))
    if kind not in _PADS or any(config.get(name) for name in _UNUSUAL):
        return None
    usual_sizes = {**_SIZES, "vocab_size": _VOCABULARY.get(kind, _SIZES["vocab_size"])}
    sizes = {name: config.get(name, size) for name, size in usual_sizes.items()}
    norm, pad = config.get("layer_norm_eps", 1e-12), config.get("pad_token_id", _PADS[kind])
    if not all(type(size) is int and size > 0 for size in sizes.values()) or type(norm) is not float:
        return None
    usual = config.get("hidden_act", "gelu") == "gelu" and type(pad) is int and 0 <= pad < sizes["vocab_size"]
    plain = config.get("position_embedding_type", "absolute") == "absolute"
    if not usual or not plain or sizes["hidden_size"] % sizes["num_attention_heads"]:
        return None
    family = "bert" if kind == "bert" else "roberta"
    shapes = dict([*_body(family, sizes), *_head(family, sizes["hidden_size"], outputs)])
    numbers = (sizes["hidden_size"], sizes["num_hidden_layers"], sizes["num_attention_heads"])
    return Architecture(family, *numbers, norm, pad, shapes)


def _body(kind: str, sizes: Mapping[str, int]) -> Iterator[tuple[str, tuple[int, ...]]]:
    width, inner = sizes["hidden_size"], sizes["intermediate_size"]
    tables = {"word": "vocab_size", "position": "max_position_embeddings", "token_type": "type_vocab_size"}
    for name, size in tables.items():
        yield f"{kind}.embeddings.{name}_embeddings.weight", (sizes[size], width)
    yield from _norm(f"{kind}.embeddings.LayerNorm", width)
    for number in range(sizes["num_hidden_layers"]):
        layer = f"{kind}.encoder.layer.{number}"
        for name in ("query", "key", "value"):
            yield from _product(f"{layer}.attention.self.{name}", width, width)
        yield from _product(f"{layer}.attention.output.dense", width, width)
        yield from _norm(f"{layer}.attention.output.LayerNorm", width)
        yield from _product(f"{layer}.intermediate.dense", inner, width)
        yield from _product(f"{layer}.output.dense", width, inner)
        yield from _norm(f"{layer}.output.LayerNorm", width)
    if kind == "bert":
        yield from _product(f"{kind}.pooler.dense", width, width)


def _head(kind: str, width: int, outputs: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    if kind == "bert":
        yield from _product("classifier", outputs, width)
        return
    yield from _product("classifier.dense", width, width)
    yield from _product("classifier.out_proj", outputs, width)


def _product(name: str, rows: int, columns: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (rows, columns)
    yield f"{name}.bias", (rows,)


def _norm(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)


@dataclass(frozen=True)
class Depths:
    """Depth of every parameter of a model.

    Attributes:
        of: name of the parameter -> depth.
        layers: number of layers L.
        prefix: name of the list that holds the layers, such as `bert.encoder.layer`.
        upper: that of a decoder's layers, which lie upon those of its encoder; empty where there is no such.
        modules: names of the layers from the bottom, L of them.
    """

    of: dict[str, int]
    layers: int
    prefix: str
    upper: str = ""
    modules: tuple[str, ...] = ()

    @property
    def top(self) -> int:
        """Depth of the head: L + 1."""
        return self.layers + 1


def depths(model: nn.Module) -> Depths:
    """Depth of every parameter, each exactly once.

    Raises:
        ModelError: the model has no list of layers of the length that its config names.
    """
    config = getattr(model, "config", None)
    wanted = getattr(config, "num_hidden_layers", None)
    stacks = [_layer_list(model, wanted)]
    if getattr(config, "is_encoder_decoder", False):
        upper = getattr(config, "num_decoder_layers", getattr(config, "decoder_layers", wanted))
        stacks = [_layer_list(model, wanted, "encoder"), _layer_list(model, upper, "decoder")]
    modules = tuple(f"{name}.{number}" for name, count in stacks for number in range(count))
    inside = re.compile(rf"({'|'.join(re.escape(name) for name, _ in stacks)})\.\d+(?=\.)")
    depth = {name: number for number, name in enumerate(modules, start=1)}
    # The encoder's own norm lies between its layers and the decoder's.
    middle = f"{stacks[0][0].rpartition('.')[0]}." if len(stacks) > 1 else "\0"
    of = {}
    for name, _ in model.named_parameters():
        match = inside.match(name)
        above = stacks[0][1] if name.startswith(middle) else len(modules) + 1
        of[name] = depth[match.group()] if match else 0 if _BELOW.search(name) else above
    return Depths(of, len(modules), stacks[0][0], stacks[1][0] if len(stacks) > 1 else "", modules)


def _layer_list(model: nn.Module, wanted: int | None, part: str = "") -> tuple[str, int]:
    """Name and length of the first list of so many modules, in a part of this name where one is given."""
    for name, module in model.named_modules():
        of_part = not part or part in name.split(".")
        if of_part and type(module).__name__ == "ModuleList" and len(module) == wanted:
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


__all__ = ["Architecture", "Depths", "architecture", "depths", "frozen_modules"]
