"""A torch model as an ONNX graph, or a program of torch.export, with free numbers of rows and tokens."""

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

    large = sum(item.numel() * item.element_size() for item in model.state_dict().values()) > _MOST
    batch, shapes = _example(inputs)
    with _quiet(), torch.inference_mode(False), torch.no_grad():
        torch.onnx.export(
            _asked(model, head), (), str(path), kwargs=batch, dynamo=True, dynamic_shapes=shapes, external_data=large,
            input_names=list(inputs), output_names=[_OUTPUT], opset_version=opset, verbose=False,
        )  # fmt: skip
    made = onnx.load(str(path), load_external_data=False)
    del made.graph.value_info[:]  # shapes of the example, with which nobody can quantise
    onnx.save(made, str(path))
    return path


def write_program(model: Any, inputs: Sequence[str], head: Head, path: Path) -> Path:
    """The same as a program of torch.export, which torch runs without the code of the model.

    Raises:
        Exception: as above.
    """
    import torch

    batch, _ = _example(inputs)
    free = tuple({0: torch.export.Dim.AUTO, 1: torch.export.Dim.AUTO} for _ in batch)  # a table of places bounds them
    with _quiet(), torch.inference_mode(False), torch.no_grad():
        program = torch.export.export(
            _asked(model, head), tuple(batch.values()), dynamic_shapes=free, strict=False,
            prefer_deferred_runtime_asserts_over_guards=True,
        )  # fmt: skip
        torch.export.save(program, str(path))
    return path


def _asked(model: Any, head: Head) -> Any:
    """The model with one output, in evaluation mode."""
    from torch import nn

    class Asked(nn.Module):
        """The model with one output."""

        def __init__(self) -> None:
            super().__init__()
            self.asked = model

        def forward(self, input_ids: Any, attention_mask: Any = None, token_type_ids: Any = None) -> Any:
            given = {"input_ids": input_ids, "attention_mask": attention_mask, "token_type_ids": token_type_ids}
            ask = getattr(self.asked, "at_once", self.asked)  # a model of vectors reads texts of like length together
            return head(ask(**{name: value for name, value in given.items() if value is not None}))

    return Asked().eval()


def _example(inputs: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A batch with holes, so that the mask is no constant of the graph, and which of its sizes are free."""
    import torch

    rows, tokens = torch.export.Dim("rows"), torch.export.Dim("tokens")
    ids = torch.tensor([[1, 2, 3, 4, 5], [3, 4, 5, 1, 1], [5, 4, 3, 2, 1]])
    batch = {name: torch.zeros_like(ids) for name in inputs} | {"input_ids": ids}
    if "attention_mask" in batch:
        batch["attention_mask"] = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 1, 1, 1, 0]])
    return batch, {name: {0: rows, 1: tokens} for name in batch}


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


__all__ = ["OPSET", "write_graph", "write_program"]
