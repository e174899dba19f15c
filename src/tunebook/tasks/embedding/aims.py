"""What can be explained of vectors: how alike two texts are, by the words of each while the other stays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F  # noqa: N812 - the name that torch's own documentation uses
from torch import Tensor

from tunebook.core.answers import Rows
from tunebook.core.explains import PAIR, PASSAGE, TEXT, Aim
from tunebook.core.judged import Judged
from tunebook.core.messages import say


def aims(outputs: Any, rows: Rows) -> list[Aim]:
    """The cosine of both texts of a pair, or of a query and its passages, the nearest first, which alone is said: by
    the words of the first text, then by those of the second."""
    vectors = outputs.logits.float()
    if rows.pairs is not None:
        return _both(vectors, say("explain.alike"), PAIR, 1, True)
    if rows.targets is None or rows.passages is None or rows.targets.ndim != 2:
        return []
    numbers = Judged.of(rows.targets).passage.tolist()
    alike = F.cosine_similarity(vectors[:1], vectors[1:]).tolist()
    order = sorted(range(len(numbers)), key=lambda place: -alike[place])
    names = rows.passage_ids or [str(number) for number in range(len(rows.passages))]
    return [
        aim
        for rank, place in enumerate(order)
        for aim in _both(vectors, names[numbers[place]], f"{PASSAGE}{numbers[place]}", 1 + place, rank == 0)
    ]


def _both(vectors: Tensor, name: str, part: str, line: int, said: bool) -> list[Aim]:
    first, second = vectors[0].clone(), vectors[line].clone()
    return [
        Aim(name, _cosine(second), (TEXT,), 0, said, odds=False, beside=(part,)),
        Aim(name, _cosine(first), (part,), line, said, odds=False, beside=(TEXT,)),
    ]


def _cosine(other: Tensor) -> Callable[[Any], Tensor]:
    return lambda found: F.cosine_similarity(found.logits.float(), other[None], dim=1)


__all__ = ["aims"]
