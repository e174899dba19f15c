"""A model of which every explanation can be worked out by hand: a linear map of the mean of its tokens' vectors."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn

from tunebook.core.explains import Aim
from tunebook.explain.line import Line
from tunebook.explain.units import Piece, Units

PAD, CLS, MASK = 0, 1, 2


class Bag(nn.Module):
    """Mean of the vectors of attended tokens, and one output."""

    def __init__(self, words: int = 12, width: int = 5) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.words = nn.Embedding(words, width)
        self.head = nn.Linear(width, 1)
        self.config = SimpleNamespace(model_type="bag")
        self.double()

    def get_input_embeddings(self) -> nn.Module:
        return self.words

    def forward(self, input_ids: Any, attention_mask: Any, **how: bool) -> Any:
        if how:
            raise TypeError("no attention here")
        weights = attention_mask[..., None].double()
        mean = (self.words(input_ids) * weights).sum(1) / weights.sum(1)
        return SimpleNamespace(logits=self.head(mean))

    def of(self, tokens: list[int]) -> float:
        """The output for these tokens alone, in numpy."""
        vectors = self.words.weight.detach().numpy()[tokens]
        found = vectors.mean(0) @ self.head.weight.detach().numpy()[0] + self.head.bias.detach().numpy()[0]
        return float(found)


def line(model: Any, tokens: list[int], mask: int | None = MASK, odds: bool = True) -> Line:
    """A line of these tokens, of which each but the first is a word of one letter."""
    ids = torch.tensor([tokens])
    pieces = [Piece("", 0, 0), *(Piece("text", place, place + 1) for place in range(len(tokens) - 1))]
    aim = Aim("yes", lambda found: found.logits[:, 0], odds=odds)
    return Line(model, {"input_ids": ids, "attention_mask": torch.ones_like(ids)}, pieces, PAD, mask, aim)


def units(line: Line) -> Units:
    """Each word by itself."""
    shares = np.eye(len(line.pieces))[1:]
    return Units(line.pieces[1:], shares)
