"""Training made faster: only the token vectors that the data can reach, and dropout from random bits on CPUs.

A step of AdamW or SGD moves every row of the embedding matrix, yet a token that is in none of the texts has no
gradient: all that happens to its vector is weight decay, which multiplies it by the same number each step. So the
matrix is cut down to the tokens that occur, with one more row of ones that is never looked up: after training, that
row is the number, and the vectors that were left out are multiplied by it. The result is that of training the whole
matrix; time and memory for gradient and optimiser state shrink with it (half of MiniLM's parameters are token vectors,
two thirds of XLM-R's).

Here four mask entries come from one 64-bit random word, so the chance of a zero is p rounded to 1/65536. The words come
from torch's own generator: the seed decides them, and a resumed run goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from tunebook.core.encoded import Encoded

_LEVELS = 1 << 16
NAME = "tunebook_cpu"


class TrimmedEmbedding(nn.Module):
    """An embedding that holds the vectors of some tokens, and a witness of what weight decay does to the others.

    Args:
        whole: embedding to cut down, of shape (vocabulary, width).
        tokens: sorted numbers of the tokens that stay.
    """

    place: Tensor

    def __init__(self, whole: nn.Embedding, tokens: Tensor) -> None:
        super().__init__()
        self.whole = whole.weight.detach()  # a plain attribute: no parameter, no part of checkpoints
        self.tokens = tokens
        rows = torch.cat([self.whole[tokens], torch.ones(1, whole.embedding_dim)])
        self.weight = nn.Parameter(rows)
        place = torch.full((whole.num_embeddings,), -1, dtype=torch.int32)  # no row: looking it up fails loudly
        place[tokens] = torch.arange(len(tokens), dtype=torch.int32)
        self.register_buffer("place", place, persistent=False)
        pad = whole.padding_idx
        self.padding_idx = int(place[pad]) if pad is not None else None

    def forward(self, input_ids: Tensor) -> Tensor:
        """Vectors (..., width) of token numbers (...).

        Raises:
            IndexError: a token that was cut away.
        """
        return F.embedding(self.place[input_ids].long(), self.weight, self.padding_idx)

    def restored(self) -> nn.Embedding:
        """The whole embedding after training."""
        weight = self.whole * self.weight[-1].detach().cpu()
        weight[self.tokens] = self.weight[:-1].detach().cpu()
        pad = int(self.tokens[self.padding_idx]) if self.padding_idx is not None else None
        whole = nn.Embedding(weight.shape[0], weight.shape[1], padding_idx=pad, device="meta")
        whole.weight = nn.Parameter(weight)
        return whole


def tokens_in(parts: Sequence[Encoded], always: Sequence[int]) -> Tensor:
    """Sorted numbers of the tokens in some rows, with those that must never be missing."""
    found = [np.unique(part.flat["input_ids"]) for part in parts]
    return torch.from_numpy(np.unique(np.concatenate([*found, np.asarray(always, dtype=np.int32)])).astype(np.int64))


def trim(model: Any, tokens: Tensor) -> TrimmedEmbedding | None:
    """Cut a model's token vectors down in place; None where that cannot be done or would gain nothing.

    It is left alone if the vectors are frozen, tied to another layer, or of a kind of their own.
    """
    whole = model.get_input_embeddings()
    if type(whole) is not nn.Embedding or not whole.weight.requires_grad or whole.max_norm is not None:
        return None
    if sum(parameter is whole.weight for _, parameter in model.named_parameters(remove_duplicate=False)) != 1:
        return None
    if len(tokens) + 1 >= whole.num_embeddings:
        return None
    cut = TrimmedEmbedding(whole, tokens)
    model.set_input_embeddings(cut)
    return cut


def restore(model: Any) -> None:
    """Give a trimmed model its whole embedding back; any other model is left as it is."""
    cut = model.get_input_embeddings()
    if isinstance(cut, TrimmedEmbedding):
        model.set_input_embeddings(cut.restored().to(cut.weight.device))


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
    shared = query.shape[1] // key.shape[1]  # heads that have a key in common
    key, value = (item.repeat_interleave(shared, dim=1) if shared > 1 else item for item in (key, value))
    scaling = options.get("scaling") or query.shape[-1] ** -0.5
    scores = torch.matmul(query * scaling, key.transpose(2, 3))
    if attention_mask is not None and attention_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attention_mask, torch.finfo(scores.dtype).min)
    elif attention_mask is not None:
        scores = scores + attention_mask
    elif _looks_back(module, options):  # without a mask: torch's kernel is told so by a flag
        ahead = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        scores = scores.masked_fill(ahead, torch.finfo(scores.dtype).min)
    weights = dropout(torch.softmax(scores, dim=-1), cut)
    return torch.matmul(weights, value).transpose(1, 2).contiguous(), None


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
                setattr(parent, name, FastDropout(child.p))
                places += 1
    config: Any = getattr(model, "config", None)
    if config is not None and getattr(config, "_attn_implementation", "") == "sdpa":
        ALL_ATTENTION_FUNCTIONS.register(NAME, attention)
        ALL_MASK_ATTENTION_FUNCTIONS.register(NAME, sdpa_mask)
        config._attn_implementation = NAME
    return places


__all__ = [
    "NAME",
    "FastDropout",
    "TrimmedEmbedding",
    "attention",
    "dropout",
    "restore",
    "tokens_in",
    "trim",
    "use_fast_dropout",
]
