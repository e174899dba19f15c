"""A smaller network: attention heads and columns of feed-forward layers that matter least are taken out for good.

How much a part matters is how much the loss would change, to first order, if it gave 0: what it gives times the
gradient of the loss, on training rows (Michel et al. 2019, arXiv:1905.10650, of heads; Molchanov et al. 2019,
arXiv:1906.10771, of columns). The matrices become smaller, so every product is quicker on any machine. What is lost is
won back in part by training on: `recover` lets the smaller model learn from the larger one.

`magnitude` sets single weights to 0 instead. That speeds up nothing, for a dense product multiplies by zeros as by
anything else; it makes the file smaller only where it is compressed.

Pruned: models whose layers are built like BERT's. Others are refused.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tunebook.core.errors import PlanError
from tunebook.export.operators import Array

if TYPE_CHECKING:
    from torch import Tensor, nn

Batch = dict[str, "Tensor"]
Loss = Callable[[Any, Batch], tuple["Tensor", Any]]
_GRAIN = 32  # columns: products of other widths are slower for their size
_MOST = 0.9


@dataclass(frozen=True)
class Pruned:
    """A model with fewer parts.

    Attributes:
        model: a copy; the one that was given is as it was.
        heads, columns: what is left in each layer from the bottom; of how many.
        before, after: parameters.
    """

    model: Any
    heads: list[tuple[int, int]]
    columns: list[tuple[int, int]]
    before: int
    after: int


@dataclass(frozen=True)
class Importance:
    """How much each part matters, layer by layer, shape (heads,) and (columns,)."""

    heads: list[Array]
    columns: list[Array]


def structured(model: Any, batches: Sequence[Batch], loss: Loss, share: float, heads: float | None = None) -> Pruned:
    """Take out a share of all attention heads, and of all columns of feed-forward layers.

    Layers lose as many parts as they can spare: importance is compared over all of them, and every layer keeps at
    least one head and 32 columns. Columns are left in multiples of 32, which processors like.

    Args:
        batches: of training rows, with labels; loss: the mean loss of a batch, and the model's outputs.
        share: from 0 to 0.9; heads: another share for the heads.

    Raises:
        PlanError: `shrink.share`, `shrink.no_pruning`.
    """
    of_heads = share if heads is None else heads
    check_share(share)
    check_share(of_heads)
    found, smaller = importance(model, batches, loss), copy.deepcopy(model)
    layers = layers_of(smaller)
    left = _kept(found.heads, of_heads, least=1, grain=1)
    columns = _kept(found.columns, share, least=_GRAIN, grain=_GRAIN)
    for layer, some, others in zip(layers, left, columns, strict=True):
        _cut_heads(layer, some)
        _cut_columns(layer, others)
    return Pruned(
        smaller.eval(),
        [(len(kept), len(item)) for kept, item in zip(left, found.heads, strict=True)],
        [(len(kept), len(item)) for kept, item in zip(columns, found.columns, strict=True)],
        _size(model),
        _size(smaller),
    )


def magnitude(model: Any, share: float) -> Pruned:
    """Set the smallest weights of each matrix of the layers to 0: not quicker, smaller when compressed.

    Raises:
        PlanError: `shrink.share`, `shrink.no_pruning`.
    """
    import torch
    from torch import nn

    check_share(share)
    smaller = copy.deepcopy(model).eval()
    with torch.no_grad():
        for layer in layers_of(smaller):
            for part in layer.modules():
                if isinstance(part, nn.Linear):
                    sizes = part.weight.abs()
                    count = int(share * sizes.numel())
                    order = sizes.flatten().argsort()[:count]
                    part.weight.view(-1)[order] = 0
    return Pruned(smaller, [], [], _size(model), _size(smaller))


def importance(model: Any, batches: Sequence[Batch], loss: Loss) -> Importance:
    """How much each head and each column matters to the loss, the mean over rows of what it gives times the gradient.

    The model is left as it was.

    Raises:
        PlanError: `shrink.no_pruning`.
    """
    layers, training = layers_of(model), model.training
    heads = [np.zeros(_heads(layer)) for layer in layers]
    columns = [np.zeros(layer.output.dense.in_features) for layer in layers]
    model.eval()
    for batch in batches:
        given: dict[tuple[int, int], Tensor] = {}
        with _watched(layers, given):
            found, _ = loss(model, batch)
        wanted = sorted(given)
        for (number, part), gradient in zip(wanted, _gradients(found, [given[key] for key in wanted]), strict=True):
            effect = (given[number, part] * gradient).detach()
            if part == 0:
                effect = effect.view(*effect.shape[:2], len(heads[number]), -1).sum((1, 3))
                heads[number] += effect.abs().sum(0).cpu().double().numpy()
            else:
                columns[number] += effect.sum(1).abs().sum(0).cpu().double().numpy()
    model.train(training)
    return Importance(heads, columns)


def recover(
    model: Any, teacher: Any, batches: Sequence[Batch], loss: Loss, *, steps: int = 200, rate: float = 1e-4
) -> Any:
    """Train a pruned model on, with the loss of the rows and towards what the model before pruning says; the model.

    Batches are gone through in their order, again and again; the rate falls to 0 in a straight line.

    Source: Hinton et al. 2015 (arXiv:1503.02531), section 2.1: at a high temperature the squared distance of logits.
    """
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    teacher.eval()
    model.train()
    for step in range(steps):
        batch = batches[step % len(batches)]
        with torch.no_grad():
            said = teacher(**_inputs(batch)).logits
        mean, outputs = loss(model, batch)
        optimizer.zero_grad()
        (mean + (outputs.logits - said).square().mean()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    return model.eval()


def layers_of(model: Any) -> list[Any]:
    """The layers of a model that is built like BERT, but for one that only takes the mean of the tokens.

    Raises:
        PlanError: `shrink.no_pruning`: it is built in another way.
    """
    body = getattr(model, getattr(model, "base_model_prefix", ""), model)
    found = list(getattr(getattr(body, "encoder", None), "layer", []))
    parts = ("attention.self.query", "attention.output.dense", "intermediate.dense", "output.dense")
    named = [{name for name, _ in layer.named_modules()} for layer in found]
    kind = str(getattr(getattr(model, "config", None), "model_type", type(model).__name__))
    if not found or any(part not in names for names in named for part in parts):
        raise PlanError("shrink.no_pruning", key="model", value=kind, allowed="bert | roberta | xlm-roberta")
    mean = getattr(model.config, "mean_layer", None)
    return [layer for number, layer in enumerate(found, 1) if number != mean]


def check_share(share: float) -> None:
    """Refuse what is no share that can be taken out. Raises a PlanError, `shrink.share`."""
    if not 0 <= share <= _MOST:
        raise PlanError("shrink.share", key="prune", value=share, allowed=f"0 .. {_MOST}")


def _inputs(batch: Batch) -> dict[str, Tensor]:
    from tunebook.core.technique import model_inputs

    return dict(model_inputs(batch))


def _heads(layer: Any) -> int:
    own = layer.attention.self
    return int(own.query.out_features) // int(own.attention_head_size)


def _gradients(loss: Tensor, values: Sequence[Tensor]) -> Sequence[Tensor]:
    import torch

    return torch.autograd.grad(loss, values)


@contextmanager
def _watched(layers: Sequence[Any], given: dict[tuple[int, int], Tensor]) -> Iterator[None]:
    """Inside, what goes into the layers' last products of attention (0) and of feed-forward (1) is kept."""

    def keep(key: tuple[int, int]) -> Callable[[Any, Any], None]:
        def hook(module: nn.Module, inputs: Any) -> None:
            given[key] = inputs[0]

        return hook

    hooks = [
        part.register_forward_pre_hook(keep((number, place)))
        for number, layer in enumerate(layers)
        for place, part in enumerate((layer.attention.output.dense, layer.output.dense))
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _kept(importance: Sequence[Array], share: float, least: int, grain: int) -> list[Array]:
    """Numbers of the parts that stay in each layer, in their order.

    The importance of a layer's parts is divided by its norm, for gradients are larger in some layers than in others.
    """
    scaled = [values / (float(np.linalg.norm(values)) or 1.0) for values in importance]
    owner = np.repeat(np.arange(len(scaled)), [len(values) for values in scaled])
    order = np.argsort(np.concatenate(scaled), kind="stable") if scaled else np.zeros(0, dtype=np.int64)
    gone = np.bincount(owner[order[: round(share * len(order))]], minlength=len(scaled))
    found = []
    for values, out in zip(scaled, gone.tolist(), strict=True):
        whole = len(values)
        count = min(whole, max(least, round((whole - out) / grain) * grain))
        found.append(np.sort(np.argsort(-values, kind="stable")[:count]))
    return found


def _cut_heads(layer: Any, kept: Array) -> None:
    own, out = layer.attention.self, layer.attention.output
    each = int(own.attention_head_size)
    places = (kept[:, None] * each + np.arange(each)).ravel()
    own.query, own.key, own.value = (_rows(part, places) for part in (own.query, own.key, own.value))
    own.num_attention_heads, own.all_head_size = len(kept), len(places)
    out.dense = _inputs_of(out.dense, places)


def _cut_columns(layer: Any, kept: Array) -> None:
    layer.intermediate.dense = _rows(layer.intermediate.dense, kept)
    layer.output.dense = _inputs_of(layer.output.dense, kept)


def _rows(part: Any, places: Array) -> Any:
    """A linear layer with some of its outputs."""
    import torch
    from torch import nn

    at = torch.from_numpy(places)
    smaller = nn.Linear(part.in_features, len(places))
    smaller.weight, smaller.bias = (nn.Parameter(item.detach()[at].clone()) for item in (part.weight, part.bias))
    return smaller


def _inputs_of(part: Any, places: Array) -> Any:
    """A linear layer that reads some of its inputs."""
    import torch
    from torch import nn

    smaller = nn.Linear(len(places), part.out_features)
    smaller.weight = nn.Parameter(part.weight.detach()[:, torch.from_numpy(places)].clone())
    smaller.bias = nn.Parameter(part.bias.detach().clone())
    return smaller


def _size(model: Any) -> int:
    return sum(item.numel() for item in model.parameters())


__all__ = [
    "Batch", "Importance", "Loss", "Pruned", "check_share", "importance", "layers_of", "magnitude", "recover",
    "structured",
]  # fmt: skip
