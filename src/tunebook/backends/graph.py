"""onnxruntime in the place of a model's forward pass; all around it (batches, decoding, scores) stays as it is.

The graph is `tunebook.export.fused`, written from the weights in memory. It takes the place of `forward` on the model
itself, so that there is one loop over rows for all backends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import MachineError, ModelError

if TYPE_CHECKING:
    from torch import Tensor, nn

MOST = 400_000_000  # parameters: the graph holds each once more, and protobuf no file of 2 GB
_NEEDED = ("onnx", "onnxruntime")
_KNOWN = ("torch", "transformers")  # packages whose modules compute what the weights of a usual model say
_OWN = ("tunebook.nets.encoder", "tunebook.nets.sentences")  # modules of ours that compute the same as these
Shape = Callable[["Tensor", "Tensor"], Any]


@dataclass(frozen=True)
class ByGraph:
    """A session of onnxruntime.

    Attributes:
        run: from arrays by name to the list of outputs; shape: from the output and the mask to what the model gives.
    """

    run: Callable[[None, Mapping[str, Any]], list[Any]]
    shape: Shape

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None
    ) -> Any:
        """What the model's own forward pass gives of tokens, each int64 (rows, longest)."""
        import torch

        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        given = {"input_ids": input_ids, "attention_mask": mask, "token_type_ids": types}
        found = self.run(None, {name: item.long().contiguous().numpy() for name, item in given.items()})[0]
        return self.shape(torch.from_numpy(found), mask)

    @contextmanager
    def on(self, model: Any) -> Iterator[None]:
        """Inside, the model answers by this graph."""
        model.forward = self.forward
        try:
            yield
        finally:
            model.__dict__.pop("forward", None)


def make_graph(model: Any, config: Mapping[str, Any], threads: int) -> ByGraph:
    """The graph of a model in memory that passed `check`.

    Args:
        config: its config.json; threads: of one pass.

    Raises:
        ModelError: `backend.unfit`, onnxruntime does not take the graph. PlanError: `shrink.no_fusion`.
    """
    from tunebook.export.fused import fused
    from tunebook.export.operators import session
    from tunebook.nets.linear_chain import in_chain
    from tunebook.nets.peft import is_extra

    how = getattr(model, "how", None)  # of a model of vectors, around an encoder
    body = model if how is None else model.base_model
    state = {name: item for name, item in body.state_dict().items() if not (is_extra(name) or in_chain(name))}
    weights = {name: item.float().numpy() for name, item in state.items()}
    made = fused(weights, config).SerializeToString()
    try:
        run = session(made, threads).run
    except Exception as error:  # onnxruntime raises a dozen kinds, of an older version that lacks an operator
        raise ModelError("backend.unfit", key="backend", value=str(error).splitlines()[0]) from error
    return ByGraph(run, _shape(how, weights))


def check(model: nn.Module) -> None:
    """Refuse a model that a graph of its weights would not answer for.

    Raises:
        ModelError: `backend.unfit`. MachineError: `machine.extra`.
    """
    for package in _NEEDED:
        if find_spec(package) is None:
            raise MachineError("machine.extra", key=package, extra="export")
    if next(model.parameters()).device.type != "cpu":
        raise ModelError("backend.unfit", key="backend", value=str(next(model.parameters()).device))
    if sum(item.numel() for item in model.parameters()) > MOST:
        raise ModelError("backend.unfit", key="backend", value=f"> {MOST:,} parameters")
    if part := strange(model):
        raise ModelError("backend.unfit", key="backend", value=part)


def strange(model: nn.Module) -> str:
    """Name of the first part of a model that may compute something else than a usual one of its weights would: a module
    that is neither of torch nor of transformers, one that is watched from outside, or whose pass was replaced. Empty
    where there is none. What serves a training alone, or decodes what the model gave, does not count."""
    from tunebook.nets.linear_chain import in_chain
    from tunebook.nets.peft import is_extra

    for name, module in model.named_modules():
        own = type(module).__module__
        known = own.partition(".")[0] in _KNOWN or own in _OWN
        touched = module._forward_hooks or module._forward_pre_hooks or "forward" in module.__dict__
        if (touched or not known) and not (is_extra(name) or in_chain(name)):
            return f"{name or 'model'} ({type(module).__name__})"
    return ""


def _shape(how: Any, weights: Mapping[str, Any]) -> Shape:
    """What becomes of the graph's output.

    Args:
        how: a model of vectors makes these.
    """
    if how is not None:
        from tunebook.nets.sentences import of_tokens

        return lambda hidden, mask: of_tokens(hidden, mask, how)
    if "qa_outputs.weight" in weights:
        return lambda found, mask: SimpleNamespace(start_logits=found[..., 0], end_logits=found[..., 1])
    return lambda found, mask: SimpleNamespace(logits=found)


__all__ = ["MOST", "ByGraph", "Shape", "check", "make_graph", "strange"]
