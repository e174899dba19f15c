"""What a model is worth on general sets, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tunebook.core.formatting import metric_name, number
from tunebook.core.lineage import General
from tunebook.core.messages import say
from tunebook.core.registry import metrics
from tunebook.report.scores import spanned


def headings() -> list[str]:
    """Over the columns of `general_rows`."""
    return [say(f"general.{name}") for name in ("set", "rows", "metric", "base", "tuned", "gain")]


def general_rows(found: Sequence[General]) -> list[list[str]]:
    """One line a set: book, rows, metric, base model, this model, and the change."""
    return [
        [
            item.book,
            number(item.rows),
            metric_name(item.metric),
            spanned(item.base),
            spanned(item.tuned),
            spanned(item.gain, "+"),
        ]
        for item in found
    ]


def verdicts(found: Sequence[General]) -> list[str]:
    """Of each set whether training made the model worse, better, or neither by more than chance may give."""
    told = []
    for item in found:
        sign = -1 if metrics()[item.metric].better == "less" else 1
        ends = sorted((sign * item.gain.low, sign * item.gain.high))
        outcome = "lost" if ends[1] < 0 else "gained" if ends[0] > 0 else "even"
        told.append(say(f"general.{outcome}", book=item.book, by=f"{abs(item.gain.value):.3f}"))
    return told


def general_view(found: Sequence[General] | None) -> dict[str, Any] | None:
    """What the template shows; None where nothing was measured."""
    if not found:
        return None
    return {"headings": headings(), "rows": general_rows(found), "notes": verdicts(found)}


__all__ = ["general_rows", "general_view", "headings", "verdicts"]
