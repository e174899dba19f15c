"""What can be explained of an order of passages: the score of each."""

from __future__ import annotations

from typing import Any

import torch

from tunebook.core.answers import Rows
from tunebook.core.batch import Batch
from tunebook.core.explains import PASSAGE, TEXT, Aim
from tunebook.tasks.reranking.batches import PASSAGE as NUMBER
from tunebook.tasks.reranking.batches import best, pairs_of


def aims(outputs: Any, batch: Batch, rows: Rows) -> list[Aim]:
    """The passages of the only row, the best first, which alone is said; of each its best window."""
    which, first = pairs_of(batch)
    logits = outputs.logits.float()[:, 0]
    scores = best(logits, which)
    found: list[Aim] = []
    for pair in scores.argsort(descending=True, stable=True).tolist():
        line = int(logits.masked_fill(which != pair, -torch.inf).argmax())
        number = int(batch[NUMBER][first[pair]])
        name = rows.passage_ids[number] if rows.passage_ids else str(number)
        found.append(Aim(str(name), _score, (TEXT, f"{PASSAGE}{number}"), line, said=not found))
    return found


def _score(found: Any) -> Any:
    return found.logits[:, 0].float()


__all__ = ["aims"]
