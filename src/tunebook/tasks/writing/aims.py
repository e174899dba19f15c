"""What can be explained of a text that a model wrote: how strongly it says all of it, and each of its tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from tunebook.core.batch import Batch
from tunebook.core.explains import Aim
from tunebook.core.messages import cut
from tunebook.nets.next_token import Predict, passed
from tunebook.nets.odds import log_odds

_LONGEST = 60  # columns of a text's name


def aims(batch: Batch, ahead: int, tokenizer: Any) -> list[Aim]:
    """The whole text that was written to the only row, which is its target: the mean log-odds of its tokens. And each
    token by itself, under its number from 1 and its text, in front of which the others stand as they were written.

    Args:
        ahead: how many tokens before its target a token's logits stand.
    """
    wanted = Predict(ahead)
    where, targets = _last(wanted.where(batch)[0]), wanted.targets(batch)
    targets = targets[-int(where.sum()) :] if bool(where.any()) else targets[:0]
    if not len(targets):
        return []
    said = tokenizer.decode(targets.tolist(), skip_special_tokens=True).strip()
    whole = _aim(cut(said, _LONGEST) or "∅", where, targets, said=True)
    places = where.nonzero()[:, 0].tolist()
    each = [
        _aim(f"{number}: {tokenizer.decode([target])}", _only(where, place), targets[number - 1 : number], said=False)
        for number, (place, target) in enumerate(zip(places, targets.tolist(), strict=True), 1)
    ]
    return [whole, *each]


def _last(where: Tensor) -> Tensor:
    """The last stretch of places, where earlier answers of a conversation were learnt too."""
    places = where.nonzero()[:, 0]
    if not len(places):
        return where
    breaks = (places.diff() > 1).nonzero()[:, 0]
    start = places[int(breaks[-1]) + 1] if len(breaks) else places[0]
    return where & (torch.arange(len(where), device=where.device) >= start)


def _only(where: Tensor, place: int) -> Tensor:
    found = torch.zeros_like(where)
    found[place] = True
    return found


def _aim(name: str, where: Tensor, targets: Tensor, *, said: bool) -> Aim:
    def score(found: Any) -> Tensor:
        logits = found.logits.reshape(-1, len(targets), found.logits.shape[-1])
        return log_odds(logits, targets).mean(dim=1)

    return Aim(name, score, said=said, run=_passed(where))


def _passed(where: Tensor) -> Callable[[Any, Batch], Any]:
    """A pass whose head is asked at these places alone: its logits at all of them would fill the memory."""

    def run(model: Any, inputs: Batch) -> Any:
        shape = inputs["decoder_input_ids" if "decoder_input_ids" in inputs else "input_ids"].shape
        return passed(model, inputs, where[: shape[1]].expand(shape))

    return run


__all__ = ["aims"]
