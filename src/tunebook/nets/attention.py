"""Attention with dropout of its weights on CPUs, a block of weights at a time.

Scores, weights, what of them stays and their gradients are as many as tokens squared. Written out for a whole batch
they leave the cache and are read again by each of a dozen operations; most of the memory of a training on long texts is
theirs. So they are made for a few heads at a time, used while they are in the cache, and made again on the way back:
between the two only the bits of the dropout are kept. torch's own kernel does the like and knows no dropout.

Source: Dao et al. 2022 (arXiv:2205.14135), whose blocks also part the keys; here each block has all keys of a head.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from tunebook.nets.dropout import FastDropout, drawn

NAME = "tunebook_cpu"
_BLOCK = 1 << 18  # weights at once: 1 MB
Block = tuple[slice, slice]  # texts, heads


class _BlockedAttention(torch.autograd.Function):
    """softmax(q k^T + mask), with dropout, times v; (texts, heads, length, width) in and out."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, p: float) -> Tensor:
        ctx.blocks = list(_blocks(query, key))
        out, kept, scale = query.new_empty((*query.shape[:3], value.shape[3])), [], 1.0
        for block in ctx.blocks:
            weights = _weights(query, key, mask, block)
            stays, scale = drawn(weights.shape, p)
            kept.append(stays)
            torch.matmul(weights.mul_(stays).to(value.dtype), value[block], out=out[block])
        ctx.save_for_backward(query, key, value, mask, *kept)
        ctx.scale = scale
        return out.mul_(scale)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, mask, *kept = ctx.saved_tensors
        to_query, to_key, to_value = (torch.empty_like(item) for item in (query, key, value))
        to_mask = torch.zeros_like(mask) if ctx.needs_input_grad[3] else None
        gradient = (gradient * ctx.scale).contiguous()
        for block, stays in zip(ctx.blocks, kept, strict=True):
            weights, out = _weights(query, key, mask, block), gradient[block]
            stays = stays.to(weights.dtype)
            to_weights = torch.matmul(out, value[block].transpose(2, 3)).to(weights.dtype).mul_(stays)
            used = stays.mul_(weights).to(value.dtype)
            torch.matmul(used.transpose(2, 3), out, out=to_value[block])
            to_scores = torch._softmax_backward_data(to_weights, weights, -1, weights.dtype)
            if to_mask is not None:
                own = to_mask[_of_mask(mask, block)]
                own += to_scores.sum_to_size(own.shape)
            to_scores = to_scores.to(query.dtype)
            torch.matmul(to_scores, key[block], out=to_query[block])
            torch.matmul(to_scores.transpose(2, 3), query[block], out=to_key[block])
        return to_query, to_key, to_value, to_mask, None


def _weights(query: Tensor, key: Tensor, mask: Tensor | None, block: Block) -> Tensor:
    """What each query makes of each key before dropout, in float32 at least."""
    scores = torch.matmul(query[block], key[block].transpose(2, 3))
    scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
    if mask is not None:
        scores += mask[_of_mask(mask, block)]
    return torch.softmax(scores, dim=-1)


def _of_mask(mask: Tensor, block: Block) -> Block:
    """Where a block's part of a mask is, which may be one for all heads."""
    texts, heads = block
    return texts, heads if mask.shape[1] > 1 else slice(None)


def _blocks(query: Tensor, key: Tensor) -> Iterator[Block]:
    """Whole texts, or some heads of one: as many as make a block, one at least."""
    texts, heads, size = query.shape[0], query.shape[1], max(1, query.shape[2] * key.shape[2])
    whole, some = max(1, _BLOCK // (size * heads)), max(1, min(heads, _BLOCK // size))
    for text in range(0, texts, whole):
        for head in range(0, heads, some):
            yield slice(text, text + whole), slice(head, head + some)


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
    shared = query.shape[1] // key.shape[1]  # heads that have a key in common
    key, value = (item.repeat_interleave(shared, dim=1) if shared > 1 else item for item in (key, value))
    query = query * (options.get("scaling") or query.shape[-1] ** -0.5)
    device = query.device.type
    if torch.is_autocast_enabled(device):  # turned places leave queries and keys in float32; torch's kernel rounds them
        query, key, value = (item.to(torch.get_autocast_dtype(device)) for item in (query, key, value))
    mask = _added(attention_mask, query, key, _looks_back(module, options))
    with torch.autocast(device, enabled=False):
        made: Tensor = _BlockedAttention.apply(  # type: ignore[no-untyped-call]
            query.contiguous(), key.contiguous(), value.contiguous(), mask, cut
        )
    return made.transpose(1, 2).contiguous(), None


def _added(mask: Tensor | None, query: Tensor, key: Tensor, looks_back: bool) -> Tensor | None:
    """What is added to the scores, in float32, shape (texts, heads or 1, queries or 1, keys)."""
    if mask is None and looks_back and query.shape[2] > 1:  # torch's kernel is told so by a flag
        mask = torch.ones(query.shape[2], key.shape[2], dtype=torch.bool, device=query.device).tril()[None, None]
    if mask is not None and mask.dtype == torch.bool:
        least = torch.finfo(torch.float32).min
        mask = torch.zeros(mask.shape, device=mask.device).masked_fill_(~mask, least)
    kind = torch.promote_types(query.dtype, torch.float32)
    return None if mask is None else mask.to(kind).expand(len(query), *mask.shape[1:])


def _looks_back(module: nn.Module, options: dict[str, Any]) -> bool:
    told = options.get("is_causal")
    return bool(getattr(module, "is_causal", True) if told is None else told)


def use_fast_dropout(model: nn.Module) -> int:
    """Put the fast dropout into a model; the number of places. Names and weights of the model do not change."""
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, sdpa_mask
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    places = 0
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.Dropout and child.p > 0:
                setattr(parent, name, FastDropout(child.p).train(child.training))
                places += 1
    config: Any = getattr(model, "config", None)
    if config is not None and getattr(config, "_attn_implementation", "") == "sdpa":
        ALL_ATTENTION_FUNCTIONS.register(NAME, attention)
        ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, sdpa_mask)
        config._attn_implementation = NAME
    return places


__all__ = ["NAME", "attention", "use_fast_dropout"]
