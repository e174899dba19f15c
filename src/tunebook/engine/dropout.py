"""Dropout for CPUs, where torch draws its masks one Bernoulli number after the other: a tenth to a third of a step.

Here four mask entries come from one 64-bit random word, so the chance of a zero is p rounded to 1/65536. The words come
from torch's own generator: the seed decides them, and a resumed run goes on where it stopped.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

_LEVELS = 1 << 16
NAME = "tunebook_cpu"


def dropout(x: Tensor, p: float) -> Tensor:
    """x with a share p of its entries set to 0 and the others scaled by 1 / (1 - p); any shape, on the CPU."""
    cut = round(p * _LEVELS)
    if cut == 0:
        return x
    if cut == _LEVELS:
        return x * 0.0
    words = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
    kept = words.view(torch.int16)[: x.numel()].view(x.shape) >= cut - _LEVELS // 2
    return x * kept.to(x.dtype).mul_(_LEVELS / (_LEVELS - cut))


class FastDropout(nn.Module):
    """Takes the place of nn.Dropout."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """The input, with dropout while training."""
        return dropout(x, self.p) if self.training else x


def attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout_p: float = 0.0,
    **options: Any,
) -> tuple[Tensor, None]:
    """Attention with dropout of its weights; (batch, heads, length, width) in, (batch, length, heads, width) out.

    Without dropout it is torch's own kernel.
    """
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    cut = options.pop("dropout", dropout_p)
    if not cut or not module.training:
        out: tuple[Tensor, None] = sdpa_attention_forward(module, query, key, value, attention_mask, **options)
        return out
    scaling = options.get("scaling") or query.shape[-1] ** -0.5
    scores = torch.matmul(query * scaling, key.transpose(2, 3))
    if attention_mask is not None and attention_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attention_mask, torch.finfo(scores.dtype).min)
    elif attention_mask is not None:
        scores = scores + attention_mask
    weights = dropout(torch.softmax(scores, dim=-1), cut)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), None


def use_fast_dropout(model: nn.Module) -> int:
    """Put the fast dropout into a model; the number of places. Names and weights of the model do not change."""
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, sdpa_mask
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    places = 0
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Dropout and child.p > 0:
                setattr(parent, name, FastDropout(child.p))
                places += 1
    config: Any = getattr(model, "config", None)
    if config is not None and getattr(config, "_attn_implementation", "") == "sdpa":
        ALL_ATTENTION_FUNCTIONS.register(NAME, attention)
        ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, sdpa_mask)
        config._attn_implementation = NAME
    return places


__all__ = ["NAME", "FastDropout", "attention", "dropout", "use_fast_dropout"]
