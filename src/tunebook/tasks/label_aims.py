"""What can be explained of answers that are classes or a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tunebook.bundle.words import said_classes
from tunebook.core.answers import Rows
from tunebook.core.explains import PAIR, TEXT, Aim
from tunebook.core.nouns import Labels


def aims(outputs: Any, rows: Rows, labels: Labels, temperature: float = 1.0) -> list[Aim]:
    """Each class, the likeliest first, of which those are said that the answer gives; or the number, of ordered classes
    that of the class, under the name of what is answered.

    Args:
        temperature: that logits are divided by.
    """
    logits = outputs.logits.detach().float().cpu().numpy()
    kind, parts = labels.kind, (TEXT,) if rows.pairs is None else (TEXT, PAIR)
    said = said_classes(logits, labels.names, kind.link, kind.classes)[0]
    if kind.link == "identity":
        name = said["label"] if isinstance(said["label"], str) else f"{said['label']:.4g}"
        return [Aim(name, lambda found: found.logits[:, 0].float(), parts, odds=False)]
    given = said["label"] if isinstance(said["label"], list) else [said["label"]]
    score = _against_others if kind.link == "softmax" else _alone
    order = sorted(range(len(labels.names)), key=lambda place: -float(logits[0, place]))
    names = given or [labels.names[order[0]]]  # of several labels none may be given: then the likeliest
    return [
        Aim(labels.names[place], score(place, temperature), parts, said=labels.names[place] in names) for place in order
    ]


def _against_others(place: int, temperature: float) -> Callable[[Any], Any]:
    from tunebook.nets.odds import log_odds

    return lambda found: log_odds(found.logits.float() / temperature, place)


def _alone(place: int, temperature: float) -> Callable[[Any], Any]:
    return lambda found: found.logits[:, place].float() / temperature


__all__ = ["aims"]
