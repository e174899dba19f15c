"""What a head reads: one vector a row, taken on its way into the last linear layer of any architecture."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from tunebook.core.errors import ModelError
from tunebook.models.layers import depths


def head_of(model: nn.Module, outputs: int) -> nn.Linear:
    """The linear layer that gives a model's `outputs` answers: the last one so wide above the encoder's layers."""
    inside = depths(model).prefix + "."
    found = [
        module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and module.out_features == outputs and not name.startswith((inside, "extra_"))
    ]
    return found[-1]


def named_head(model: nn.Module, outputs: int) -> tuple[str, nn.Linear | None]:
    """The same with its name; none, and an empty name, of an architecture of which it is not known."""
    try:
        head = head_of(model, outputs)
    except (ModelError, IndexError):
        return "", None
    return next(name for name, module in model.named_modules() if module is head), head


@contextmanager
def head_inputs(head: nn.Linear) -> Iterator[list[Tensor]]:
    """Inside, whatever goes into a head is put into the list."""
    seen: list[Tensor] = []
    hook = head.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    try:
        yield seen
    finally:
        hook.remove()


def pooled(seen: list[Tensor], mask: Tensor) -> Tensor:
    """Vectors (B, width) in float32 of the rows of a batch whose `attention_mask` is given, shape (B, length).

    Args:
        seen: what the head read: first of the rows as they are, then perhaps of those rows changed. Of a head that
            reads every token it is the mean over the row's tokens.
    """
    first = next((item for item in seen if item.requires_grad), seen[0])[: len(mask)].float()
    if first.dim() == 2:
        return first
    shares = mask.to(first) / mask.sum(dim=1, keepdim=True)
    return (first * shares[..., None]).sum(dim=1)


__all__ = ["head_inputs", "head_of", "named_head", "pooled"]
