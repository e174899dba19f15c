"""What goes on inside two models that read the same rows: their hidden states, and their queries, keys and values."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from tunebook.core.errors import PlanError
from tunebook.core.params import Row
from tunebook.core.technique import Batch, model_inputs
from tunebook.models.architecture import depths

# A row of the table that several techniques declare alike.
Teacher = Annotated[
    str | None,
    Row(
        "finished run that teaches, of the same tokenizer",
        zh="作为教师的一次已完成的训练，须使用相同分词器",
        input="run",
    ),
]
_PROJECTIONS = tuple(
    re.compile(rf"(^|\.)({names})$")
    for names in ("query|q_lin|q_proj|query_proj", "key|k_lin|k_proj|key_proj", "value|v_lin|v_proj|value_proj")
)
_FUSED = re.compile(r"(^|\.)Wqkv$")


class Watched:
    """What the layers of a model gave, first of the rows as they are, then perhaps of those rows changed.

    Attributes:
        layers: number of layers L.
    """

    def __init__(self, model: nn.Module) -> None:
        found = depths(model)
        self.model = model
        self.layers = found.layers
        self._list: Any = model.get_submodule(found.prefix)
        self._states: dict[int, list[Tensor]] = {}
        self._parts: dict[int, list[Tensor]] = {}

    @contextmanager
    def states(self) -> Iterator[dict[int, list[Tensor]]]:
        """Inside, hidden states (B, length, width) are kept: 0 those of the embeddings, 1 ... L of the layers."""
        self._states = {number: [] for number in range(self.layers + 1)}
        first = self._list[0].register_forward_pre_hook(lambda module, given: self._states[0].append(given[0]))
        hooks = [first, *(self._watch(layer, self._states[n + 1]) for n, layer in enumerate(self._list))]
        try:
            yield self._states
        finally:
            for hook in hooks:
                hook.remove()

    @contextmanager
    def attention(self, layer: int) -> Iterator[dict[int, list[Tensor]]]:
        """Inside, queries (0), keys (1) and values (2) of a layer 1 ... L are kept, of shape (B, length, width)."""
        self._parts = {number: [] for number in range(3)}
        hooks = []
        for name, module in self._list[layer - 1].named_modules():
            if _FUSED.search(name):
                hooks.append(module.register_forward_hook(self._split))
            hooks += [
                self._watch(module, self._parts[number])
                for number, pattern in enumerate(_PROJECTIONS)
                if pattern.search(name)
            ]
        try:
            yield self._parts
        finally:
            for hook in hooks:
                hook.remove()

    def _watch(self, module: nn.Module, into: list[Tensor]) -> Any:
        return module.register_forward_hook(lambda module, given, out: into.append(_tensor(out)))

    def _split(self, module: nn.Module, given: Any, out: Tensor) -> None:
        for number, part in enumerate(out.chunk(3, dim=-1)):
            self._parts[number].append(part)

    def read(self, batch: Batch) -> None:
        """Let the model read a batch, without gradients."""
        known = inspect.signature(self.model.forward).parameters
        with torch.no_grad():
            self.model(**{name: value for name, value in model_inputs(batch).items() if name in known})

    def projections(self, layer: int) -> list[int]:
        """Widths of query, key and value of a layer; empty where it has none of its own."""
        modules: list[tuple[str, Any]] = list(self._list[layer - 1].named_modules())
        fused = [module for name, module in modules if _FUSED.search(name)]
        if fused:
            return [fused[0].out_features // 3] * 3
        found = [[module for name, module in modules if pattern.search(name)] for pattern in _PROJECTIONS]
        return [parts[0].out_features for parts in found] if all(found) else []


def one_stack(key: str, config: Mapping[str, Any]) -> None:
    """Refuse a model that has the layers of an encoder and those of a decoder that reads it.

    Raises:
        PlanError: `distillation.stacks`.
    """
    if config.get("is_encoder_decoder"):
        raise PlanError("distillation.stacks", key=key, value=str(config.get("model_type")))


def _tensor(out: Any) -> Tensor:
    given: Tensor = out[0] if isinstance(out, tuple) else out
    return given


def first(seen: list[Tensor], rows: int) -> Tensor:
    """What was seen of the rows as they are, in float32."""
    return next((item for item in seen if item.requires_grad), seen[0])[:rows].float()


def over_tokens(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of a value of each token (B, length) over the tokens of its row, shape (B,)."""
    return (values * mask).sum(dim=1) / mask.sum(dim=1)


__all__ = ["Teacher", "Watched", "first", "one_stack", "over_tokens"]
