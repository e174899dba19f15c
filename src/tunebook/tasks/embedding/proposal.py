"""What the first table of an embedding book is to have, where that is not what any task has."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tunebook.core.params import Value

_NARROW, _USUAL = 512, 800  # widths up to which an encoder is small, and of base size
_RATES = (5e-5, 2e-5, 1e-5)
_OTHERS = 3  # hard negatives of a query in a step: those of the other queries are there already


def proposed(stats: Mapping[str, Any]) -> dict[str, Value]:
    """Half of the rate for classifiers; and, where queries have several judged passages, one relevant one and a few
    others an epoch, drawn anew, for a step reads all its texts at once.

    Args:
        stats: figures of the data, and the base model's width as `hidden`.
    """
    hidden = int(stats.get("hidden") or _USUAL)
    small, base, large = _RATES
    found: dict[str, Value] = {"learning_rate": small if hidden <= _NARROW else base if hidden <= _USUAL else large}
    if (judged := stats.get("judged")) and judged["all"] > 2 * judged["rows"]:
        others = math.ceil(judged["negatives"] / max(judged["rows"], 1))
        found |= {"candidates.positives": 1, "candidates.negatives": min(others, _OTHERS)}
    return found


def shown(stats: Mapping[str, Any], techniques: Mapping[str, Mapping[str, Value]]) -> float:
    """Share of the texts of a row that a step reads: the query, and the passages that `candidates` shows."""
    judged, most = stats.get("judged"), techniques.get("candidates")
    if not judged or most is None:
        return 1.0
    rows = judged["rows"]
    passages = sum(min(judged[name], rows * float(most[name])) for name in ("positives", "negatives"))  # type: ignore[arg-type]
    return float((rows + passages) / max(rows + judged["all"], 1))


__all__ = ["proposed", "shown"]
