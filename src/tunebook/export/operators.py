"""An ONNX graph that is written operator by operator, and what is read of one that is there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FUSED = "com.microsoft"  # the domain of onnxruntime's own operators
_OPSET, _IR = 20, 10


class Graph:
    """What has been written of a graph so far: nodes in their order, and constants by name."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}

    def constant(self, name: str, value: Array | float | int | Sequence[int]) -> str:
        """Keep an array under a name, once; the name."""
        from onnx import numpy_helper

        if name not in self.constants:
            # np.ascontiguousarray would make a vector of a single number.
            self.constants[name] = numpy_helper.from_array(np.asarray(value, order="C"), name)
        return name

    def add(self, kind: str, *inputs: str, domain: str = "", output: str = "", **attributes: Any) -> str:
        """Write an operator with one output; the name of that."""
        from onnx import helper

        name = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(kind, list(inputs), [name], name=f"{kind}_{len(self.nodes)}", domain=domain, **attributes)
        )
        return name

    def model(self, inputs: Sequence[str], output: str, dimensions: Sequence[str | int]) -> Any:
        """The whole model of ONNX, whose inputs are int64 of shape (batch, length), and whose output float32.

        Args:
            dimensions: of the output: names, or numbers where they are fixed.
        """
        from onnx import TensorProto, helper

        asked = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in inputs]
        given = [helper.make_tensor_value_info(output, TensorProto.FLOAT, list(dimensions))]
        graph = helper.make_graph(self.nodes, "tunebook", asked, given, list(self.constants.values()))
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(FUSED, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR, producer_name="tunebook")


def session(path: Path | bytes, threads: int = 0) -> Any:
    """An onnxruntime session of a file, or of the bytes of a model, on the processor.

    Args:
        threads: 0 for as many as onnxruntime takes.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        path if isinstance(path, bytes) else str(path), options, providers=["CPUExecutionProvider"]
    )


__all__ = ["FUSED", "Array", "Graph", "session"]
