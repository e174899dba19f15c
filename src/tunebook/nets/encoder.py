"""A classifier of BERT's or RoBERTa's kind in plain torch, to answer with: importing transformers takes longer.

The same operations in the same order as transformers with its scaled dot product attention, so that the answers are
the same to the last bit; parameters have the names that they have there.

Source: Devlin et al. 2019 (arXiv:1810.04805); Liu et al. 2019 (arXiv:1907.11692) for RoBERTa's positions and head.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own documentation uses
from torch import Tensor, nn

from tunebook.models.architecture import Architecture

WEIGHTS = "model.safetensors"


class Encoder(nn.Module):
    """A classifier that answers and is not trained.

    Args:
        kind: what it is made of; weights: its parameters by name.
    """

    def __init__(self, kind: Architecture, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.kind = kind
        for name, weight in weights.items():
            _seat(self, name, weight)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor | None = None, token_type_ids: Tensor | None = None
    ) -> Any:
        """`logits` of shape (rows, outputs)."""
        body: Any = getattr(self, self.kind.kind)
        x = self._embedded(body.embeddings, input_ids, token_type_ids)
        mask = None
        if attention_mask is not None and not bool(attention_mask.all()):
            mask = attention_mask.bool()[:, None, None, :].expand(-1, 1, input_ids.shape[1], -1)
        layers = body.encoder.layer
        for number in range(self.kind.layers):  # a file has them by their names: 1, 10, 11, 2
            x = self._layer(getattr(layers, str(number)), x, mask)
        return SimpleNamespace(logits=self._answer(body, x[:, 0]))

    def _embedded(self, tables: Any, ids: Tensor, types: Tensor | None) -> Tensor:
        places = torch.arange(ids.shape[1], device=ids.device)[None]
        if self.kind.kind == "roberta":  # counted from behind the padding token's number; padding stays there
            real = ids.ne(self.kind.pad).int()
            places = (torch.cumsum(real, dim=1).type_as(real) * real).long() + self.kind.pad
        types = torch.zeros_like(ids) if types is None else types
        x = F.embedding(ids, tables.word_embeddings.weight) + F.embedding(types, tables.token_type_embeddings.weight)
        return self._norm(tables.LayerNorm, x + F.embedding(places, tables.position_embeddings.weight))

    def _layer(self, layer: Any, x: Tensor, mask: Tensor | None) -> Tensor:
        own, shape = layer.attention.self, (*x.shape[:-1], self.kind.heads, -1)
        query, key, value = (_product(item, x).view(shape).transpose(1, 2) for item in (own.query, own.key, own.value))
        scale = query.shape[-1] ** -0.5
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scale)
        seen = seen.transpose(1, 2).reshape(x.shape).contiguous()
        x = self._norm(layer.attention.output.LayerNorm, _product(layer.attention.output.dense, seen) + x)
        inner = F.gelu(_product(layer.intermediate.dense, x))
        return self._norm(layer.output.LayerNorm, _product(layer.output.dense, inner) + x)

    def _answer(self, body: Any, first: Tensor) -> Tensor:
        head: Any = self.classifier
        if self.kind.kind == "bert":
            return _product(head, torch.tanh(_product(body.pooler.dense, first)))
        return _product(head.out_proj, torch.tanh(_product(head.dense, first)))

    def _norm(self, part: Any, x: Tensor) -> Tensor:
        return F.layer_norm(x, (self.kind.hidden,), part.weight, part.bias, self.kind.norm)


def read_encoder(folder: Path, kind: Architecture) -> Encoder | None:
    """The classifier of a folder; None where its weights are not in one file of float32, or are not just these."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError):
        return None
    found = {name: tuple(weight.shape) for name, weight in weights.items()}
    if found != dict(kind.shapes) or any(weight.dtype != torch.float32 for weight in weights.values()):
        return None
    return Encoder(kind, weights)


def _product(part: Any, x: Tensor) -> Tensor:
    return F.linear(x, part.weight, part.bias)


def _seat(root: nn.Module, name: str, weight: Tensor) -> None:
    """Put a parameter where its name says."""
    *path, last = name.split(".")
    for part in path:
        if not hasattr(root, part):
            root.add_module(part, nn.Module())
        root = getattr(root, part)
    root.register_parameter(last, nn.Parameter(weight, requires_grad=False))


__all__ = ["WEIGHTS", "Encoder", "read_encoder"]
