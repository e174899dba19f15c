"""Vectors without a model, for tests of losses."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from tunebook.core.judged import Judged
from tunebook.nets.candidates import PLACE
from tunebook.tasks.embedding.batches import ROW


class Vectors(nn.Module):
    """A model that answers with vectors whatever it is asked."""

    def __init__(self, vectors: Tensor) -> None:
        super().__init__()
        self.vectors = nn.Parameter(vectors.clone())

    def forward(self, **_: Any) -> Any:
        return SimpleNamespace(logits=self.vectors)


def judged_batch(rows: Sequence[Sequence[tuple[int, float]]], width: int = 6) -> tuple[Vectors, dict[str, Tensor]]:
    """A batch of rows of (passage, gain), and a model in which each passage has one vector."""
    torch.manual_seed(5)
    flat = [(row, passage, gain) for row, pairs in enumerate(rows) for passage, gain in pairs]
    columns = [torch.tensor(column).numpy() for column in zip(*flat, strict=True)]
    labels = torch.from_numpy(Judged(*columns, rows=len(rows)).matrix())
    known = torch.randn(1 + max(passage for _, passage, _ in flat), width)
    place = torch.tensor([at for pairs in rows for at in range(-1, len(pairs))])
    row = torch.tensor([number for number, pairs in enumerate(rows) for _ in range(len(pairs) + 1)])
    vectors = torch.randn(len(place), width)
    vectors[place >= 0] = known[[passage for _, passage, _ in flat]]
    return Vectors(vectors), {PLACE: place, ROW: row, "labels": labels[row]}
