"""The last layer of an encoder for the first token of each text alone, where the head reads no other.

A classifier of BERT's kind throws away what its last layer makes of all other tokens. That layer needs keys and values
of every token; its query, what follows the attention and the feed-forward network are computed here for the first one
only. Answers and gradients are the same, for the states that are left out would have had no gradient; of six layers it
saves a seventh of each pass. A pass is whole where somebody wants to see states or hangs on a module of that layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tunebook.core.errors import ModelError
from tunebook.models.architecture import depths
from tunebook.nets.attention import NAME
from tunebook.nets.evaluated import evaluated
from tunebook.nets.frozen import asked_for, hooked, instead

_PARTS = ("query", "key", "value", "attention_head_size", "scaling")
_NEAR = 1e-5  # of the largest logit: what sums in another order make of it


@dataclass
class LastLayer:
    """The last layer of a model, and what stands around it.

    Attributes:
        layer: of BERT's kind, with its `attention`; around: the modules that hand its states on, from within.
        short: whether the pass that runs is for the first token alone.
    """

    model: Any
    layer: Any
    around: tuple[nn.Module, ...]
    short: bool = False

    @property
    def watched(self) -> bool:
        """Whether somebody reads or changes what is made inside or handed on."""
        return hooked((*self.layer.modules(), *self.around))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, passes of the model compute it for the first token where they may."""
        begins = self.model.register_forward_pre_hook(self._begin, with_kwargs=True)
        ends = self.model.register_forward_hook(self._end, always_call=True)
        try:
            with instead({self.layer.attention: self._attention(self.layer.attention.forward)}):
                yield
        finally:
            begins.remove()
            ends.remove()

    def _begin(self, model: nn.Module, args: Any, given: Mapping[str, Any]) -> None:
        self.short = not self.watched and not asked_for(given, self.model.config)

    def _end(self, *_: Any) -> None:
        self.short = False

    def _attention(self, whole: Any) -> Any:
        """Attention of the first token to all, with what follows it inside the attention's module."""
        from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

        module, own = self.layer.attention, self.layer.attention.self

        def parted(item: Any, states: Tensor) -> Tensor:
            made: Tensor = item(states)
            return made.view(*states.shape[:2], -1, own.attention_head_size).transpose(1, 2)

        def forward(states: Tensor, mask: Tensor | None = None, past_key_values: Any = None, **given: Any) -> Any:
            if not self.short or past_key_values is not None:
                return whole(states, mask, past_key_values=past_key_values, **given)
            first = states[:, :1]
            seen, _ = ALL_ATTENTION_FUNCTIONS[own.config._attn_implementation](
                own,
                *(parted(own.query, first), parted(own.key, states), parted(own.value, states)),
                None if mask is None else mask[:, :, :1],
                dropout=own.dropout.p if own.training else 0.0,
                scaling=own.scaling,
                **given,
            )
            return module.output(seen.reshape(first.shape), first), None

        return forward


def last_layer(model: Any) -> LastLayer | None:
    """Of an encoder of BERT's kind, under torch's attention or our own; None of any other model."""
    try:
        found = depths(model)
    except ModelError:
        return None
    names = [name for name in found.modules if name.startswith(f"{found.prefix}.")]
    layer = model.get_submodule(names[-1])
    attention = getattr(layer, "attention", None)
    own, config = getattr(attention, "self", None), getattr(model, "config", None)
    if not all(hasattr(own, part) for part in _PARTS) or getattr(layer, "is_decoder", False):
        return None
    if getattr(config, "_attn_implementation", None) not in ("sdpa", NAME):
        return None
    path = found.prefix.split(".")
    return LastLayer(model, layer, tuple(model.get_submodule(".".join(path[:end])) for end in range(1, len(path) + 1)))


def first_alone(model: Any, inputs: Mapping[str, Any]) -> LastLayer | None:
    """The last layer of a model that answers some rows alike with it computed for the first token alone; else None."""
    last = last_layer(model)
    if last is None:
        return None
    try:
        with torch.no_grad(), evaluated(model):
            wanted = model(**inputs).logits
            with last.held():
                found = model(**inputs).logits
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError):  # a head that reads all tokens
        return None
    limit = _NEAR * wanted.abs().max().clamp_min(1.0)
    alike = found.shape == wanted.shape and bool((found - wanted).abs().max() <= limit)
    return last if alike else None


__all__ = ["LastLayer", "first_alone", "last_layer"]
