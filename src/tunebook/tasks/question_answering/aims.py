"""What can be explained of an answer that is a place in a context: how strongly its first and last token are said."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from tunebook.bundle.answer_windows import END, INSIDE, START
from tunebook.bundle.said import Said
from tunebook.core.answers import Rows
from tunebook.core.batch import Batch
from tunebook.core.explains import PAIR, TEXT, Aim
from tunebook.core.messages import say
from tunebook.nets.odds import log_odds
from tunebook.tasks.question_answering.loss import open_logits


def aims(read: Tensor, outputs: Any, batch: Batch, rows: Rows) -> list[Aim]:
    """The best place first, or that there is no answer where the model says so; then the next best ones.

    Args:
        read: the answers to the only row, as `read` of the task gives them.
    """
    said = Said.of(read.cpu().numpy())
    start, end = open_logits(outputs, batch)
    context = (rows.pairs or ("",))[0]
    found: list[Aim] = []
    for first, last in [(int(place[0]), int(place[1])) for place in said.candidates[0]]:
        begins = (batch[INSIDE] > 0) & (batch[START] == first)
        ends = (batch[INSIDE] > 0) & (batch[END] == last)
        best = _best(start, end, begins, ends)
        if best is not None:
            found.append(_aim(context[first:last], best, batch, bool(said.answered[0]) and not found))
    line = int((start[:, 0] + end[:, 0]).argmin())
    none = _aim(say("explain.no_place"), (line, 0, 0), batch, not said.answered[0])
    return [*found, none] if said.answered[0] else [none, *found]


def _best(start: Tensor, end: Tensor, begins: Tensor, ends: Tensor) -> tuple[int, int, int] | None:
    """The window, and the tokens in it, that say a place most strongly."""
    both = begins.any(1) & ends.any(1)
    if not bool(both.any()):
        return None
    first = start.masked_fill(~begins, -torch.inf).max(1)
    last = end.masked_fill(~ends, -torch.inf).max(1)
    line = int((first.values + last.values).masked_fill(~both, -torch.inf).argmax())
    return line, int(first.indices[line]), int(last.indices[line])


def _aim(name: str, place: tuple[int, int, int], batch: Batch, said: bool) -> Aim:
    line, first, last = place
    inside = batch[INSIDE][line : line + 1].clone()

    def score(found: Any) -> Tensor:
        own = inside[:, : found.start_logits.shape[1]].expand(len(found.start_logits), -1).clone()
        given = SimpleNamespace(start_logits=found.start_logits, end_logits=found.end_logits)
        start, end = open_logits(given, {INSIDE: own})
        return (log_odds(start, first) + log_odds(end, last)) / 2

    return Aim(name, score, (TEXT, PAIR), line, said)


__all__ = ["aims"]
