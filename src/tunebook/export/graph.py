"""A torch model as an ONNX graph with free numbers of rows and tokens."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

OPSET = 20  # what onnxruntime 1.17 and Triton's of 2024 read
_OUTPUT = "output"
_MOST = 2 * 10**9  # bytes: protobuf holds no larger file
Head = Callable[[Any], Any]


def write_graph(model: Any, inputs: Sequence[str], head: Head, path: Path, opset: int = OPSET) -> Path:
    """The graph of a model in evaluation mode and fp32, on the CPU, in one file.

    Args:
        inputs: names of what it takes of a batch, each int64 (rows, tokens).
        head: from the model's outputs to the one tensor that is kept.

    Raises:
        Exception: whatever torch's exporter says of a model that it cannot write.
    """
    import onnx
    import torch
    from torch import nn

    class Asked(nn.Module):
        """The model with one output."""

        def __init__(self) -> None:
            super().__init__()
            self.asked = model

        def forward(self, input_ids: Any, attention_mask: Any = None, token_type_ids: Any = None) -> Any:
            given = {"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": token_type_ids}
            return head(self.asked(**{name: value for name, value in given.items() if value is not None}))

    rows, tokens = torch.export.Dim("rows"), torch.export.Dim("tokens")
    ids = torch.tensor([[1, 2, 3, 4, 5], [3, 4, 5, 1, 1], [5, 4, 3, 2, 1]])
    batch = {name: torch.zeros_like(ids) for name in inputs}
    batch["input_ids"] = ids
    if "attention_mask" in batch:  # with a hole, so that the mask is no constant of the graph
        batch["attention_mask"] = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 1, 1, 0]])
    shapes = {name: {0: rows, 1: tokens} for name in inputs}
    large = sum(item.numel() * item.element_size() for item in model.state_dict().values()) > _MOST
    with _quiet(), torch.inference_mode(False), torch.no_grad():
        torch.onnx.export(
            Asked().eval(), (), str(path), kwargs=batch, dynamo=True, dynamic_shapes=shapes, external_data=large,
            input_names=list(inputs), output_names=[_OUTPUT], opset_version=opset, verbose=False,
        )  # fmt: skip
    made = onnx.load(str(path), load_external_data=False)
    del made.graph.value_info[:]  # shapes of the example, with which nobody can quantise
    onnx.save(made, str(path))
    return path


@contextmanager
def _quiet() -> Iterator[None]:
    """What torch's exporter says of itself is nothing for users."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


__all__ = ["OPSET", "write_graph"]
