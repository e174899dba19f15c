"""Only the token vectors that the data can reach are trained.

A step of AdamW or SGD moves every row of the embedding matrix, yet a token that is in none of the texts has no
gradient: all that happens to its vector is weight decay, which multiplies it by the same number each step. So the
matrix is cut down to the tokens that occur, with one more row of ones that is never looked up: after training, that
row is the number, and the vectors that were left out are multiplied by it. The result is that of training the whole
matrix; time and memory for gradient and optimiser state shrink with it (half of MiniLM's parameters are token vectors,
two thirds of XLM-R's).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from tunebook.core.encoded import Encoded


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


__all__ = ["TrimmedEmbedding", "restore", "tokens_in", "trim"]
