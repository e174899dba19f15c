"""What each token attends to, by layer and head, and from which tokens an answer is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import RunError
from tunebook.explain.line import Line

Floats = NDArray[np.float64]
_SUMS = 1e-3  # so far from 1 may the weights of a token add up to


@dataclass(frozen=True)
class Attention:
    """What a line's tokens attend to.

    Attributes:
        maps: weights by layer, head, attending and attended token, shape (layers, heads, L, L); the last two add up to
            1 for each attending token.
        read: from which tokens of the last layer the score is read, shape (L,), adding up to 1.
    """

    maps: Floats
    read: Floats


def attention_of(line: Line) -> Attention:
    """The maps of a line.

    Raises:
        RunError: `explain.no_attention`: the model has no attention, or does not tell its weights.
    """
    import torch

    with eager(line.model), torch.enable_grad():
        try:
            outputs = line.passed(line.ids, output_attentions=True, output_hidden_states=True)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise _none(line) from error
        maps = _first(outputs, "attentions", "encoder_attentions")
        if not maps or any(item is None or item.dim() != 4 for item in maps):
            raise _none(line)
        length = line.ids.shape[1]
        found = np.stack([_square(item[0].detach().double().cpu().numpy(), length) for item in maps])
        hidden = _first(outputs, "hidden_states", "encoder_hidden_states")
        score = line.aim.score(outputs).sum()
        last = None if not hidden else torch.autograd.grad(score, hidden[-1], allow_unused=True)[0]
    weights = np.ones(length) if last is None else last[0, -length:].norm(dim=-1).double().cpu().numpy()
    return Attention(found, weights / weights.sum() if weights.sum() > 0 else np.full(length, 1 / length))


def _none(line: Line) -> RunError:
    return RunError("explain.no_attention", key=str(getattr(line.model.config, "model_type", "")))


def _first(outputs: Any, *names: str) -> Any:
    return next((found for name in names if (found := getattr(outputs, name, None))), None)


def _square(weights: Floats, length: int) -> Floats:
    """Weights (heads, L, L) of the line's own tokens; vectors that a method such as prefix tuning puts in front of them
    are left out, and what is left of a token's weights adds up to 1 again."""
    own = weights[:, -length:, -length:]
    whole = own.sum(axis=-1, keepdims=True)
    found: Floats = np.divide(own, whole, out=np.full_like(own, 1 / length), where=whole > _SUMS)
    return found


@contextmanager
def eager(model: Any) -> Iterator[None]:
    """Inside, a model computes its attention so that the weights are there to be told; others ways never hold them."""
    configs = {id(part.config): part.config for part in model.modules() if hasattr(part, "config")}.values()
    before = [(config, getattr(config, "_attn_implementation", None)) for config in configs]
    for config, _ in before:
        config._attn_implementation = "eager"
    try:
        yield
    finally:
        for config, own in before:
            config._attn_implementation = own


__all__ = ["Attention", "attention_of", "eager"]
