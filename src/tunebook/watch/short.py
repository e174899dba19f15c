"""An answer in short: what it says in a word, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def short(answer: Mapping[str, Any]) -> tuple[str, float]:
    """The label of an answer as one text, and its score; empty and NaN where it has none.

    Several labels stand in their order with a blank between them; of marked places only their labels count. The request
    log has answers in this form too.
    """
    score = answer.get("score")
    return word(next(iter(answer.values()), None)), float(score) if isinstance(score, int | float) else math.nan


def word(said: Any) -> str:
    """An answer or a true label as one text."""
    if said is None:
        return ""
    if isinstance(said, Mapping):
        return str(said.get("label", ""))
    if isinstance(said, list | tuple):
        return " ".join(word(item) for item in said)
    return str(said)


__all__ = ["short", "word"]
