"""config.pbtxt of a Triton model, in the server's own words, and the check of it by the server's own schema."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tunebook.core.errors import MachineError, ModelError

CONFIG = "config.pbtxt"
_TYPES = {
    "tensor(int64)": "TYPE_INT64",
    "tensor(int32)": "TYPE_INT32",
    "tensor(float)": "TYPE_FP32",
    "tensor(float16)": "TYPE_FP16",
    "tensor(bfloat16)": "TYPE_BF16",
}


@dataclass(frozen=True)
class Instances:
    """How the server runs a model.

    Attributes:
        count: instances of each version; device: `cpu` or `gpu`.
        max_batch: rows of one pass; delay_us: microseconds that a request waits for others.
        versions: so many of the newest are served.
    """

    count: int = 1
    device: str = "cpu"
    max_batch: int = 32
    delay_us: int = 2000
    versions: int = 2


@dataclass(frozen=True)
class Tensor:
    """An input or output: its name, its type in the words of Triton, and its dimensions without that of the rows, -1
    where they differ."""

    name: str
    kind: str
    dims: tuple[int, ...]

    def said(self, labels: str = "") -> str:
        """As config.pbtxt has it; `labels` is a file that names the places of an output."""
        named = f" label_filename: {json.dumps(labels)}" if labels else ""
        dims = ", ".join(map(str, self.dims))
        return f"{{ name: {json.dumps(self.name)} data_type: {self.kind} dims: [ {dims} ]{named} }}"


@dataclass(frozen=True)
class Graph:
    """What goes into a model and what comes out."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


def graph(model: Path) -> Graph:
    """What an ONNX file takes and gives, whose first dimension is that of the rows.

    Raises:
        ModelError: `triton.tensor`, of a type that Triton has not, or without rows; `bundle.model`.
    """
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises a dozen kinds
        raise ModelError("bundle.model", key=str(model), reason=str(error).splitlines()[0]) from error

    def tensors(items: Sequence[object]) -> tuple[Tensor, ...]:
        return tuple(_tensor(item, model) for item in items)

    return Graph(tensors(session.get_inputs()), tensors(session.get_outputs()))


def _tensor(item: object, model: Path) -> Tensor:
    name, kind, shape = (getattr(item, field) for field in ("name", "type", "shape"))
    if kind not in _TYPES or not shape or isinstance(shape[0], int):
        raise ModelError("triton.tensor", key=str(model), value=f"{name}: {kind}{shape}", allowed=" | ".join(_TYPES))
    return Tensor(name, _TYPES[kind], tuple(size if isinstance(size, int) else -1 for size in shape[1:]))


def config(name: str, backend: str, shape: Graph, how: Instances, labels: str = "") -> str:
    """The text of config.pbtxt.

    Args:
        labels: file that names the places of the first output.
    """
    lines = [
        f"name: {json.dumps(name)}",
        f"backend: {json.dumps(backend)}",
        f"max_batch_size: {how.max_batch}",
        "input [",
        *_list([item.said() for item in shape.inputs]),
        "]",
        "output [",
        *_list([item.said(labels if place == 0 else "") for place, item in enumerate(shape.outputs)]),
        "]",
        f"dynamic_batching {{ max_queue_delay_microseconds: {how.delay_us} }}",
        f"instance_group [ {{ count: {how.count} kind: KIND_{how.device.upper()} }} ]",
        f"version_policy: {{ latest: {{ num_versions: {how.versions} }} }}",
    ]
    return "\n".join(lines) + "\n"


def _list(items: Sequence[str]) -> list[str]:
    return [f"  {item}{',' if place < len(items) - 1 else ''}" for place, item in enumerate(items)]


def check_config(text: str) -> None:
    """Refuse what Triton's own schema, as tritonclient brings it, does not know.

    Raises:
        MachineError: tritonclient is not installed. ModelError: `triton.config`, with line and column.
    """
    try:
        from google.protobuf import text_format
        from tritonclient.grpc import model_config_pb2
    except ImportError as error:
        raise MachineError("machine.extra", key="tritonclient", extra="triton") from error
    try:
        text_format.Parse(text, model_config_pb2.ModelConfig())
    except text_format.ParseError as error:
        raise ModelError("triton.config", key=CONFIG, reason=str(error)) from error


__all__ = ["CONFIG", "Graph", "Instances", "Tensor", "check_config", "config", "graph"]
