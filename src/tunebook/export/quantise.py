"""Fewer bits for the weights, and for what is multiplied with them: int8, fp16 and bf16 of an ONNX file.

In int8 a product of matrices is computed in whole numbers: weights with a scale for each output, what comes in with one
scale for the whole matrix. Of the 8 bits of a weight 7 are used: processors without VNNI add two products at a time in
16 bits, which cut off sums of 8 bits, and answers are wrong in silence. So one file answers alike on all processors.
Where the scale of what comes in is from is the choice. `static`: from the ranges that were seen on calibration rows
(training rows); an answer then hangs on its own text alone, and nothing is measured while answering. `dynamic`: from
each batch; no calibration rows are needed, but the scale, and so the answer, hangs a little on the texts that stand
beside one another. Embeddings have a scale for each row of their own, and all 8 bits. The last layer of the head stays
in fp32, and so do norms, attention and sums.

fp16 and bf16 are here for the size of the file alone: onnxruntime has no products of either on most processors, so
weights are stored in 16 bits and computed with in fp32.

Source: Jacob et al. 2018 (arXiv:1712.05877) for whole numbers; Dettmers et al. 2022 (arXiv:2208.07339) for one scale an
output.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tunebook.core.errors import PlanError
from tunebook.export.calibration import Feeds, Seen, evened, observed, range_of, whole_numbers
from tunebook.export.fused import HEAD
from tunebook.export.operators import FUSED, Array

_FLOAT, _INT8, _HALF, _BRAIN = 1, 3, 10, 16  # numbers of ONNX for kinds of numbers
_TABLE = 256  # rows from which on a matrix that is looked up in is an embedding
_OPSET_OF_ONNX = ("", "ai.onnx")
_STOPS = ("LayerNormalization", "SimplifiedLayerNormalization")


@dataclass(frozen=True)
class Product:
    """A product of what comes in with constant weights: an operator of the graph.

    Attributes:
        node: the operator; given: what comes in; weights: shape (inputs, outputs); bias: name of what is added to it by
            this operator, empty for nothing.
    """

    node: Any
    given: str
    weights: Array
    bias: str


def int8(source: Path, target: Path, *, rows: Feeds = (), embeddings: bool = True) -> Path:
    """Write a model of fp32 in int8.

    Args:
        source: an ONNX file with its weights inside; target: may be the same.
        rows: batches of calibration rows, input name -> array, some hundred rows in all; none for dynamic scales.
        embeddings: with embeddings in int8 too.

    Raises:
        PlanError: `shrink.no_products`: there is nothing to turn, as in a file that is in int8 already.
        DataError: `shrink.calibration`: what was seen on the rows are no numbers.
    """
    import onnx

    model = onnx.load(source)
    found = list(_products(model))
    if not found:
        raise PlanError("shrink.no_products", key="model", value=source.name)
    ranges = observed(model, {item.given for item in found}, rows)
    writer = _Writer(model)
    for item in found:
        writer.turn(item, ranges.get(item.given))
    if embeddings:
        writer.tables()
    writer.save(target)
    return target


def half(source: Path, target: Path, kind: Literal["fp16", "bf16"] = "fp16") -> Path:
    """Write a model whose weights are stored in 16 bits and computed with in fp32: half the size, not quicker.

    Raises:
        PlanError: `shrink.half_range`: a weight is beyond what fp16 can say (65,504); bf16 can.
    """
    import onnx
    from onnx import helper, numpy_helper

    model, code = onnx.load(source), _HALF if kind == "fp16" else _BRAIN
    del model.graph.value_info[:]
    kept, casts = [], []
    for item in model.graph.initializer:
        if item.data_type != _FLOAT or len(item.dims) < 2:
            kept.append(item)
            continue
        values = numpy_helper.to_array(item)
        if kind == "fp16" and np.abs(values).max() > np.finfo(np.float16).max:
            raise PlanError("shrink.half_range", key="fp16", value=item.name, allowed="bf16")
        name = f"{item.name}.{kind}"
        kept.append(helper.make_tensor(name, code, item.dims, _bits(values, kind), raw=True))
        casts.append(helper.make_node("Cast", [name], [item.name], name=f"{name}.cast", to=_FLOAT))
    _replace(model, [*casts, *model.graph.node], kept)
    onnx.save(model, target)
    return target


def _bits(values: Array, kind: str) -> bytes:
    """Values in 16 bits, rounded to the nearest (of two, to the even one)."""
    if kind == "fp16":
        return values.astype(np.float16).tobytes()
    whole = values.astype(np.float32).view(np.uint32).astype(np.uint64)
    return ((whole + 0x7FFF + ((whole >> 16) & 1)) >> 16).astype(np.uint16).tobytes()


def _products(model: Any) -> Iterator[Product]:
    """Products with constant matrices of fp32, but for those of the head."""
    from onnx import numpy_helper

    constants = {item.name: item for item in model.graph.initializer if item.data_type == _FLOAT}
    last = _last(model)
    for node in model.graph.node:
        if node.op_type not in ("MatMul", "Gemm") or node.domain not in _OPSET_OF_ONNX:
            continue
        weights = constants.get(node.input[1])
        plain = node.op_type == "MatMul" or _plain(node)
        if weights is None or len(weights.dims) != 2 or not plain:
            continue
        if node.output[0] in last or node.input[1].startswith(HEAD):
            continue
        turned = any(item.name == "transB" and item.i for item in node.attribute)
        values = numpy_helper.to_array(weights)
        bias = node.input[2] if len(node.input) > 2 else ""
        yield Product(node, node.input[0], values.T if turned else values, bias)


def _plain(node: Any) -> bool:
    """Whether a Gemm is a product and a sum."""
    said = {item.name: item for item in node.attribute}
    factors = all(said[name].f == 1 for name in ("alpha", "beta") if name in said)
    return factors and not ("transA" in said and said["transA"].i)


def _last(model: Any) -> set[str]:
    """What products give from which an output follows without another product or norm."""
    made = {name: node for node in model.graph.node for name in node.output}
    waiting, found = [item.name for item in model.graph.output], set()
    while waiting:
        node = made.get(waiting.pop())
        if node is None or node.op_type in _STOPS:
            continue
        if node.op_type in ("MatMul", "Gemm"):
            found |= set(node.output)
        else:
            waiting += node.input
    return found


class _Writer:
    """A model whose products are turned one by one."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.constants = {item.name: item for item in model.graph.initializer}
        self.instead: dict[str, list[Any]] = {}  # what a node gives -> the nodes that stand in its place
        self.users: dict[str, list[Any]] = {}
        for node in model.graph.node:
            for name in node.input:
                self.users.setdefault(name, []).append(node)

    def constant(self, name: str, value: Array) -> str:
        from onnx import numpy_helper

        self.constants[name] = numpy_helper.from_array(np.asarray(value, order="C"), name)
        return name

    def turn(self, item: Product, seen: Seen | None) -> None:
        """A product in whole numbers, with the sum behind it; `seen`: what came in, None for dynamic."""
        from onnx import helper

        name, output, bias = item.node.input[1], item.node.output[0], item.bias
        even = np.ones(len(item.weights)) if seen is None else evened(item.weights, seen)
        whole, scale = whole_numbers(item.weights * even[:, None])
        weights = [self.constant(f"{name}.int8", whole), self.constant(f"{name}.scale", scale)]
        zero = self.constant(f"{name}.zero", np.zeros(len(scale), dtype=np.int8))
        after = self._sum_behind(output) if not bias else None
        if after is not None:
            bias, output = after
        nodes: list[Any] = []
        if seen is None:
            kind, given = "DynamicQuantizeMatMul", [item.given, *weights, zero, bias]
        else:
            nodes, (eight, *of_input) = self._quantise(item.given, name, even, seen)
            kind = "MatMulIntegerToFloat"
            given = [eight, weights[0], of_input[0], weights[1], of_input[1], zero, bias]
        while not given[-1]:
            given.pop()
        made = helper.make_node(kind, given, [output], name=f"{kind}_{output}", domain=FUSED)
        self.instead[item.node.output[0]] = [*nodes, made]

    def _sum_behind(self, output: str) -> tuple[str, str] | None:
        """The bias that is added to a product, where that is all that is done with it, and what the sum is called."""
        users = self.users.get(output, [])
        if len(users) != 1 or users[0].op_type != "Add" or any(item.name == output for item in self.model.graph.output):
            return None
        other = next((name for name in users[0].input if name != output), "")
        item = self.constants.get(other)
        if item is None or len(item.dims) != 1:
            return None
        self.instead[users[0].output[0]] = []
        return other, users[0].output[0]

    def _quantise(self, given: str, name: str, even: Array, seen: Seen) -> tuple[list[Any], tuple[str, str, str]]:
        """What comes in, each column divided by its number, as whole numbers from 0 to 255."""
        from onnx import helper

        scale, zero = range_of(seen, even)
        eight, *rest = (f"{name}.{part}" for part in ("given", "given_scale", "given_zero"))
        self.constant(rest[0], np.array(scale, dtype=np.float32))
        self.constant(rest[1], np.array(zero, dtype=np.uint8))
        nodes: list[Any] = []
        if (even != 1).any():
            divided = self.constant(f"{name}.even", (1 / even).astype(np.float32))
            nodes.append(helper.make_node("Mul", [given, divided], [f"{eight}.even"], name=f"{eight}.divide"))
            given = f"{eight}.even"
        nodes.append(helper.make_node("QuantizeLinear", [given, *rest], [eight], name=f"{eight}.node"))
        return nodes, (eight, rest[0], rest[1])

    def tables(self) -> None:
        """Embeddings as whole numbers with a scale for each row."""
        from onnx import helper, numpy_helper

        for node in self.model.graph.node:
            item = self.constants.get(node.input[0]) if node.op_type == "Gather" else None
            along = next((value.i for value in node.attribute if value.name == "axis"), 0)
            if item is None or item.data_type != _FLOAT or len(item.dims) != 2 or item.dims[0] < _TABLE or along:
                continue
            values, name = numpy_helper.to_array(item), node.input[0]
            scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-12) / 127
            whole = self.constant(f"{name}.int8", np.rint(values / scale).astype(np.int8))
            scales = self.constant(f"{name}.scale", scale.astype(np.float32))
            at, out = node.input[1], node.output[0]
            self.instead[out] = [
                helper.make_node("Gather", [whole, at], [f"{out}.int8"], name=f"{out}.rows", axis=0),
                helper.make_node("Gather", [scales, at], [f"{out}.scale"], name=f"{out}.scales", axis=0),
                helper.make_node("Cast", [f"{out}.int8"], [f"{out}.float"], name=f"{out}.cast", to=_FLOAT),
                helper.make_node("Mul", [f"{out}.float", f"{out}.scale"], [out], name=f"{out}.product"),
            ]

    def save(self, target: Path) -> None:
        import onnx
        from onnx import helper

        nodes = [part for node in self.model.graph.node for part in self.instead.get(node.output[0], [node])]
        needed = {name for node in nodes for name in node.input}
        kept = [item for name, item in self.constants.items() if name in needed]
        _replace(self.model, nodes, kept)
        if all(item.domain != FUSED for item in self.model.opset_import):
            self.model.opset_import.append(helper.make_opsetid(FUSED, 1))
        onnx.save(self.model, target)


def _replace(model: Any, nodes: list[Any], constants: list[Any]) -> None:
    """Give a model other nodes and constants; shapes that were noted of the old ones are dropped."""
    kept = [type(node).FromString(node.SerializeToString()) for node in nodes]  # they live in the list that is emptied
    held = [type(item).FromString(item.SerializeToString()) for item in constants]
    del model.graph.node[:], model.graph.initializer[:], model.graph.value_info[:]
    model.graph.node.extend(kept)
    model.graph.initializer.extend(held)


__all__ = ["Product", "half", "int8"]
