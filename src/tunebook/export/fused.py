"""A model of BERT's or RoBERTa's kind as an ONNX file in onnxruntime's own operators, written from its weights.

An exporter traces a model and writes each operation that it saw. Here the graph is written as it runs quickest on a
processor: padding is taken out at the start, so that all products and norms work on real tokens alone (a batch of
uneven texts is mostly padding); tokens are put back beside each other for the attention only, which is one operator;
products of query, key and value are one product; of the last layer a classifier asks for the first token of each row,
and no more is computed of it. Norms are those of ONNX on matrices: onnxruntime's operator that adds and norms at once
takes many times as long on a CPU.

Source: Zeng et al. 2022 (arXiv:2208.08124) for the padding; the layers as in Devlin et al. 2019 (arXiv:1810.04805).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tunebook.core.errors import PlanError
from tunebook.export.operators import FUSED, Array, Graph

_ROOTS = {"bert": "bert", "roberta": "roberta", "xlm-roberta": "roberta", "camembert": "roberta"}
_PADS = {"bert": 0, "roberta": 1, "xlm-roberta": 1, "camembert": 1}
_CONSTANT = ("position_ids", "token_type_ids")  # buffers that older files hold
HEAD = "head."  # constants of the layers behind the encoder have names that begin so: they stay in fp32


@dataclass
class _Writer:
    """A graph in the making.

    Attributes:
        weights: by the names that transformers gives them, without the root; used: those that the graph has.
        kind: of the model; heads: width of an attention head.
    """

    weights: Mapping[str, Array]
    config: Mapping[str, Any]
    kind: str
    graph: Graph = field(default_factory=Graph)
    used: set[str] = field(default_factory=set)

    def weight(self, name: str, prefix: str = "") -> str:
        self.used.add(name)
        return self.graph.constant(prefix + name, self.weights[name])

    def product(self, x: str, *names: str, prefix: str = "") -> str:
        """Linear layers side by side, as one product and one sum."""
        self.used |= {f"{name}.{part}" for name in names for part in ("weight", "bias")}
        weight = np.concatenate([self.weights[f"{name}.weight"].T for name in names], axis=1)
        bias = np.concatenate([self.weights[f"{name}.bias"] for name in names])
        label = prefix + names[0]
        found = self.graph.add("MatMul", x, self.graph.constant(f"{label}.weight", weight))
        return self.graph.add("Add", found, self.graph.constant(f"{label}.bias", bias))

    def norm(self, x: str, name: str) -> str:
        epsilon = float(self.config.get("layer_norm_eps", 1e-12))
        weight, bias = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.graph.add("LayerNormalization", x, weight, bias, axis=-1, epsilon=epsilon)


def write_fused(weights: Mapping[str, Array], config: Mapping[str, Any], target: Path) -> Path:
    """Write the model of `fused` into a file. Raises as that."""
    import onnx

    onnx.save(fused(weights, config), target)
    return target


def fused(weights: Mapping[str, Array], config: Mapping[str, Any]) -> Any:
    """A model of ONNX, whose inputs are `input_ids`, `attention_mask` and `token_type_ids`, int64 (batch, length).

    The output is `logits`, of shape (batch, outputs), or (batch, length, outputs) of heads that answer for each token,
    or, of an encoder without a head, `last_hidden_state` (batch, length, width). What it gives for padding means
    nothing. Heads and columns of layers may have been pruned: sizes are read off the weights.

    Args:
        weights: name -> array, as in the model's files; config: its config.json.

    Raises:
        PlanError: `shrink.no_fusion`: another architecture, a weight that this graph has no place for, or one too few.
    """
    kind = _kind(config)
    root = f"{_ROOTS[kind]}."
    bare = {name.removeprefix(root): np.asarray(value, dtype=np.float32) for name, value in weights.items()}
    writer = _Writer(bare, config, kind)
    try:
        output, dimensions = _written(writer)
    except KeyError as error:
        raise PlanError("shrink.no_fusion", key="model", value=error.args[0], allowed=" | ".join(_ROOTS)) from error
    rest = sorted(name for name in bare.keys() - writer.used if not name.endswith(_CONSTANT))
    rest = [name for name in rest if not (output == "last_hidden_state" and name.startswith("pooler."))]
    if rest:
        raise PlanError("shrink.no_fusion", key="model", value=rest[0], allowed=" | ".join(_ROOTS))
    return writer.graph.model(("input_ids", "attention_mask", "token_type_ids"), output, dimensions)


def _written(writer: _Writer) -> tuple[str, list[str | int]]:
    """All operators of the model; the name of its output and its dimensions. A KeyError where a weight is missing."""
    shape = _Places(writer.graph)
    x = _embedded(writer, shape)
    layers, pooled = int(writer.config["num_hidden_layers"]), _pools(writer.weights)
    for number in range(layers):
        x = _layer(writer, shape, x, number, shape.firsts() if pooled and number + 1 == layers else "")
    return _head(writer, shape, x, pooled if layers else "")


def _kind(config: Mapping[str, Any]) -> str:
    """The kind of a model; refuses those whose layers are computed in another way."""
    kind = str(config.get("model_type"))
    other = next((name for name in ("is_decoder", "add_cross_attention") if config.get(name)), None)
    act, places = config.get("hidden_act", "gelu"), config.get("position_embedding_type", "absolute")
    if kind not in _ROOTS or other or act != "gelu" or places != "absolute":
        value = other or (kind if kind not in _ROOTS else f"{act}, {places}")
        raise PlanError("shrink.no_fusion", key="model", value=value, allowed=" | ".join(_ROOTS))
    return kind


class _Places:
    """Where the real tokens of a batch stand, and how they get there and back.

    Attributes:
        real: place (row, column) of each real token, shape (n, 2); column: the second of these.
        back: for each place of the batch the number of a real token, shape (batch, length): its own, or of padding that
            of the token before.
        flat: number of each real token's place, counted through all rows, shape (n,).
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        whole = graph.add("Cast", "attention_mask", to=9)  # to yes or no
        self.mask = graph.add("Cast", whole, to=6)  # to int32
        self.real = graph.add("Transpose", graph.add("NonZero", whole), perm=[1, 0])
        self.column = graph.add("Gather", self.real, graph.constant("at_column", 1), axis=1)
        line = graph.add("Reshape", self.mask, graph.constant("one_line", [-1]))
        counted = graph.add("Cast", graph.add("CumSum", line, graph.constant("along_line", 0)), to=7)
        numbers = graph.add("Max", graph.add("Sub", counted, graph.constant("less_one", 1)), graph.constant("none", 0))
        self.back = graph.add("Reshape", numbers, graph.add("Shape", "input_ids"))
        places = graph.add("NonZero", graph.add("Reshape", whole, "one_line"))
        self.flat = graph.add("Reshape", places, "one_line")

    def firsts(self) -> str:
        """Numbers of the first token of each row, shape (batch,)."""
        return self.graph.add("Gather", self.back, self.graph.constant("at_first", 0), axis=1)

    def pick(self, matrix: str) -> str:
        """Of a matrix (batch, length) the values of real tokens, shape (n,)."""
        return self.graph.add("GatherND", matrix, self.real)

    def lines(self, x: str) -> str:
        """Real tokens (n, width) as (batch, length, width)."""
        return self.graph.add("Gather", x, self.back, axis=0)

    def tokens(self, x: str, width: int) -> str:
        """The reverse."""
        flat = self.graph.add("Reshape", x, self.graph.constant(f"lines_of_{width}", [-1, width]))
        return self.graph.add("Gather", flat, self.flat, axis=0)


def _embedded(writer: _Writer, shape: _Places) -> str:
    graph, pad = writer.graph, int(writer.config.get("pad_token_id", _PADS[writer.kind]) or 0)
    place = shape.column
    if _ROOTS[writer.kind] == "roberta":  # counted from behind the padding token's number; padding stays there
        other = graph.add("Not", graph.add("Equal", "input_ids", graph.constant("pad", pad)))
        real = graph.add("Cast", other, to=7)
        counted = graph.add("Mul", graph.add("CumSum", real, graph.constant("along_row", 1)), real)
        place = shape.pick(graph.add("Add", counted, "pad"))
    x = graph.add("Gather", writer.weight("embeddings.word_embeddings.weight"), shape.pick("input_ids"))
    types = graph.add("Gather", writer.weight("embeddings.token_type_embeddings.weight"), shape.pick("token_type_ids"))
    places = graph.add("Gather", writer.weight("embeddings.position_embeddings.weight"), place)
    return writer.norm(graph.add("Add", graph.add("Add", x, types), places), "embeddings.LayerNorm")


def _layer(writer: _Writer, shape: _Places, x: str, number: int, firsts: str) -> str:
    """A layer over all real tokens (n, width); where `firsts` names the numbers of the rows' first tokens, over all of
    them for what is looked at, and over these alone for what is given."""
    name = f"encoder.layer.{number}."
    prefix = HEAD if number + 1 == writer.config.get("mean_layer") else ""
    y, x = _attended(writer, shape, x, f"{name}attention.", (prefix, firsts))
    x = writer.norm(writer.graph.add("Add", y, x), f"{name}attention.output.LayerNorm")
    if writer.weights[f"{name}output.dense.weight"].any():
        inner = writer.graph.add("Gelu", writer.product(x, f"{name}intermediate.dense", prefix=prefix))
        y = writer.product(inner, f"{name}output.dense", prefix=prefix)
    else:  # as in a layer that only takes the mean
        writer.used |= {f"{name}{part}" for part in (*_ends("intermediate.dense"), "output.dense.weight")}
        y = writer.weight(f"{name}output.dense.bias")
    return writer.norm(writer.graph.add("Add", y, x), f"{name}output.LayerNorm")


def _attended(writer: _Writer, shape: _Places, x: str, name: str, how: tuple[str, str]) -> tuple[str, str]:
    """What the attention gives, and what it is added to."""
    graph, (prefix, firsts), own = writer.graph, how, f"{name}self."
    names = [f"{own}{part}" for part in ("query", "key", "value")]
    width = len(writer.weights[f"{own}query.bias"])
    each = int(writer.config["hidden_size"]) // int(writer.config["num_attention_heads"])
    asks = graph.add("Gather", x, firsts, axis=0) if firsts else x
    if not width:  # all heads of the layer were pruned: what is left is a bias
        writer.used |= {end for one in names for end in _ends(one)} | {f"{name}output.dense.weight"}
        return writer.weight(f"{name}output.dense.bias"), asks
    products = [writer.product(asks, names[0], prefix=prefix)] if firsts else []
    products += _columns(graph, writer.product(x, *names[len(products) :], prefix=prefix), width, 3 - len(products))
    places = [graph.add("Unsqueeze", products[0], graph.constant("at_one", [1]))] if firsts else []
    parts = [*places, *(shape.lines(part) for part in products[len(places) :])]
    seen = graph.add("MultiHeadAttention", *parts, "", shape.mask, domain=FUSED, num_heads=width // each)
    back = graph.add("Squeeze", seen, "at_one") if firsts else shape.tokens(seen, width)
    return writer.product(back, f"{name}output.dense", prefix=prefix), asks


def _columns(graph: Graph, x: str, width: int, parts: int) -> list[str]:
    """A matrix cut into parts of so many columns."""
    ends = [graph.constant(f"column_{part * width}", [part * width]) for part in range(parts + 1)]
    return [graph.add("Slice", x, *ends[part : part + 2], graph.constant("columns", [1])) for part in range(parts)]


def _ends(name: str) -> tuple[str, str]:
    return f"{name}.weight", f"{name}.bias"


def _pools(has: Mapping[str, Array]) -> str:
    """The layer that a head reads the first token of each row through; empty where it reads all tokens."""
    if "pooler.dense.weight" in has and "classifier.weight" in has:
        return "pooler.dense"
    return "classifier.dense" if "classifier.out_proj.weight" in has else ""


def _head(writer: _Writer, shape: _Places, x: str, pooled: str) -> tuple[str, list[str | int]]:
    """What comes behind the encoder; the name of the output and its dimensions."""
    graph, has = writer.graph, writer.weights
    if pooled:
        last = "classifier" if pooled.startswith("pooler") else "classifier.out_proj"
        found = writer.product(graph.add("Tanh", writer.product(x, pooled, prefix=HEAD)), last, prefix=HEAD)
        graph.add("Identity", found, output="logits")
        return "logits", ["batch", len(has[f"{last}.bias"])]
    last = next((name for name in ("classifier", "qa_outputs") if f"{name}.weight" in has), "")
    if not last:
        graph.add("Gather", x, shape.back, axis=0, output="last_hidden_state")
        return "last_hidden_state", ["batch", "length", int(writer.config["hidden_size"])]
    graph.add("Gather", writer.product(x, last, prefix=HEAD), shape.back, axis=0, output="logits")
    return "logits", ["batch", "length", len(has[f"{last}.bias"])]


def read_weights(folder: Path) -> dict[str, Array]:
    """The weights of a model's folder by name.

    Raises:
        ModelError: `model.unread`: a file is damaged, or not in safetensors.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    from tunebook.core.errors import ModelError
    from tunebook.models.files import weight_files
    from tunebook.models.source import read_config

    found: dict[str, Array] = {}
    for name in weight_files(folder, read_config(folder)):
        try:
            found |= load_file(folder / name)
        except (OSError, SafetensorError, TypeError) as error:  # TypeError: a kind of number that numpy lacks
            raise ModelError("model.unread", key="model", value=str(folder / name)) from error
    return found


__all__ = ["HEAD", "fused", "read_weights", "write_fused"]
