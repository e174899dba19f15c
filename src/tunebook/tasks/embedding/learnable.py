"""Whether training rows have what a loss asks for: where none has it, weights would move by their decay alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.encoded import Encoded
from tunebook.core.errors import PlanError
from tunebook.core.judged import Judged, told_apart
from tunebook.core.messages import say
from tunebook.nets.candidates import TAUGHT
from tunebook.tasks.embedding.rows import DISTILLING

# What a query must have of which a loss learns, see `tunebook.core.judged.told_apart`.
_ASKS = {"in_batch": "relevant", "triplet": "both", "margin_mse": "scored_both", "kl": "scored_two"}
_LEAVES_OUT = tuple(name for name in _ASKS if name != "in_batch")  # to which passages are other queries' wrong ones
_ALONE = ("cosine_mse", "triplet", *DISTILLING)  # losses that hold no rows against each other, whatever the rows


def check_stats(loss: str, stats: Mapping[str, Any], batch_size: int) -> None:
    """Refuse a loss that has nothing to learn, by the figures of a book.

    Args:
        loss: `auto` for that of the kind of rows.

    Raises:
        PlanError: `embedding.taught`, `embedding.nothing`, `embedding.batch`.
    """
    if loss in DISTILLING and not stats.get("passages", {}).get("taught"):
        raise PlanError("embedding.taught", key="embedding.loss", value=loss)
    counts = (stats.get("judged") or {}).get("train")  # books of older versions do not say
    if counts is not None and loss in ("auto", *_ASKS):
        _check_queries(loss, counts)
    classes = [count for count in stats.get("classes", {}).get("train", {}).values() if count]
    if classes:
        _refuse(loss, "classes", sum(classes), len(classes) > 1)
        _refuse(loss, "fellows", sum(classes), max(classes) > 1)
    own = counts is not None and counts["both"]  # a query with negatives of its own needs no others
    alone = loss in _ALONE or (loss == "contrastive" and not classes)
    if batch_size < 2 and not alone and not own:
        raise PlanError("embedding.batch", key="batch_size", value=batch_size, allowed=">= 2")


def check_rows(loss: str, rows: Encoded) -> None:
    """The same by the rows themselves, as techniques left them.

    Raises:
        PlanError: `embedding.nothing`.
    """
    targets = rows.fixed.get("labels")
    if targets is None or not len(targets):
        return
    if targets.ndim == 2:
        has = {name: int(which.sum()) for name, which in _has(rows).items()}
        counts = {"rows": len(targets), "passages": len(np.unique(Judged.of(targets).passage)), **has}
        _check_queries(loss, counts)
    elif targets.dtype.kind == "f":
        _refuse(loss, "grades", len(targets), len(np.unique(targets)) > 1)


def unlearnt(loss: str, rows: Encoded) -> NDArray[np.bool_]:
    """Which rows lack what a loss asks for that looks at each query alone, shape (N,); none where all do, which
    `check_rows` refuses."""
    targets = rows.fixed.get("labels")
    if targets is None or targets.ndim != 2 or loss not in _LEAVES_OUT:
        return np.zeros(len(rows), dtype=bool)
    has = _has(rows)[_ASKS[loss]]
    return ~has & has.any()


def left_out(loss: str, stats: Mapping[str, Any]) -> int:
    """How many these are of the training rows, by the figures of a book."""
    counts = (stats.get("judged") or {}).get("train")
    return int(counts["rows"] - counts[_ASKS[loss]]) if counts and loss in _LEAVES_OUT else 0


def enough_shown(loss: str, positives: int, negatives: int) -> bool:
    """Whether a loss of queries learns where so many relevant and other passages of a query are shown at most."""
    asked = _ASKS.get(loss, "relevant")
    return asked == "relevant" or (positives + negatives > 1 if asked == "scored_two" else negatives > 0)


def _check_queries(loss: str, counts: Mapping[str, int]) -> None:
    asked = _ASKS.get(loss, "relevant")
    _refuse(loss, asked, counts["rows"], counts[asked] > 0)
    _refuse(loss, "passages", counts["rows"], counts["passages"] > 1)


def _refuse(loss: str, asked: str, rows: int, there: bool) -> None:
    if not there:
        words = say(f"embedding.asks.{asked}")
        raise PlanError("embedding.nothing", key="embedding.loss", value=loss, asked=words, rows=rows)


def _has(rows: Encoded) -> dict[str, NDArray[np.bool_]]:
    said = rows.fixed.get(TAUGHT)
    return told_apart(Judged.of(rows.fixed["labels"]), None if said is None else Judged.of(said))


__all__ = ["check_rows", "check_stats", "enough_shown", "left_out", "unlearnt"]
