"""What a metric is. From one definition follow its value, the score of each row, that of any rows, and its direction.

A metric says what each row adds (`rows`) and what score the sums of that make (`fold`). Without a `fold` it is the mean
of the rows, and the A/B test weighs row against row; with one, or where there are no sums, rows are drawn again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval, Labels

CALIBRATION = "ece"  # key of the metric that the guardrail `calibration` watches, of tasks that have it
_QUICK = 5_000_000  # numbers of which a copy may be held
_EXACT = 2**20  # draws of groups may hold a row more often than once; up to 2^24 float32 is exact
Array = NDArray[Any]
Numbers = NDArray[np.int64]
Scorer = Callable[[Numbers], float]


@dataclass(frozen=True)
class Cells:
    """What each row adds where it adds 1 to one of many sums, such as the cells of a confusion matrix.

    Attributes:
        places: the sum that each row adds to, shape (N,).
        size: number of sums.
    """

    places: Numbers
    size: int

    def sums(self, rows: Numbers | slice) -> Numbers:
        """What these rows add up to, shape (size,)."""
        return np.bincount(self.places[rows], minlength=self.size)


class Drawn(ABC):
    """Answers to rows by a metric that has no sums."""

    @abstractmethod
    def whole(self) -> float:
        """The score of all rows; NaN where they leave none."""

    @abstractmethod
    def at(self, rows: Numbers) -> float:
        """The score of some rows, quick enough for thousands of calls: NaN where their targets leave none, and the
        worst that a run can have where its answers do."""


Parts = Array | Cells | Drawn


@dataclass(frozen=True)
class Metric:
    """One score of a task's answers.

    Attributes:
        key: its name in tables, plans and reports; the catalogue says it in words as `metric.KEY`.
        rows: of answers (N, k), targets and labels what each row adds: numbers of shape (N,) or (N, K), `Cells` where K
            is large, or `Drawn`. A row whose answers are no numbers is wrong. Metrics that share this function share
            its work.
        fold: sums (..., K) -> scores (...); None for the mean of the rows.
        better: which of two values is, if either. Those of which more is may choose checkpoints and judge tests.
        unit: `share` for one whose differences are told in points, `own` for one in a unit of its own.
        low, high: no value lies beyond.
        interval: of what `rows` gives and the group of each row (N,), or None, the 95 % interval, or None; a metric
            that names no such function is told without one.
        compares: holds the answer to one row against those to others, so that all must be on one scale.
    """

    key: str
    rows: Callable[[Array, Array, Labels], Parts]
    fold: Callable[[Array], Array] | None = None
    better: Literal["more", "less", "neither"] = "more"
    unit: Literal["share", "own"] = "share"
    low: float = 0.0
    high: float = 1.0
    interval: Callable[[Any, Array | None], Interval | None] | None = None
    compares: bool = False

    def value(self, parts: Parts) -> float:
        """The score of all rows, of what `rows` gives; NaN where they leave none."""
        if isinstance(parts, Drawn):
            return parts.whole()
        if self.fold is None:
            return float(np.mean(parts))  # type: ignore[arg-type]
        return float(self.fold(parts.sums(slice(None)) if isinstance(parts, Cells) else parts.sum(0)))

    def each(self, parts: Parts) -> NDArray[np.float64] | None:
        """The score of each row, shape (N,); None for a metric that is no mean of rows."""
        if self.fold is not None or isinstance(parts, Drawn | Cells):
            return None
        return np.asarray(parts if parts.ndim == 1 else parts.mean(1), dtype=np.float64)

    def scorer(self, parts: Parts) -> Scorer:
        """The score of any rows by their numbers, quick enough for thousands of calls; NaN as `Drawn.at`."""
        fold, each = self.fold, self.each(parts)
        if isinstance(parts, Drawn):
            return parts.at
        if fold is None:
            assert each is not None
            return lambda rows: float(each[rows].mean())
        if isinstance(parts, Cells):
            return lambda rows: float(fold(parts.sums(rows)))
        sums = _sums_of(parts)
        return lambda rows: float(fold(sums(rows)))


def _sums_of(parts: Array) -> Callable[[Numbers], Array]:
    """The sums (K,) of any rows of an array (N, K).

    Small whole numbers add up exactly in float32 too, and a product of how often each row was drawn with all of them is
    several times as quick as to gather those that were.
    """
    if parts.dtype.kind not in "biu" or parts.size > _QUICK or parts.sum(0).max(initial=0) > _EXACT:
        return lambda rows: np.asarray(parts[rows].sum(0))
    all_rows = parts.astype(np.float32)
    return lambda rows: (np.bincount(rows, minlength=len(all_rows)).astype(np.float32) @ all_rows).astype(np.float64)


def with_parts(
    metrics: Iterable[Metric], answers: Array, targets: Array, labels: Labels
) -> Iterator[tuple[Metric, Parts]]:
    """Each metric with what each row adds, made once for all that share it."""
    made: dict[Any, Parts] = {}
    for metric in metrics:
        if metric.rows not in made:
            made[metric.rows] = metric.rows(answers, targets, labels)
        yield metric, made[metric.rows]


def scores(metrics: Iterable[Metric], answers: Array, targets: Array, labels: Labels) -> dict[str, float]:
    """Metric -> value on all rows."""
    return {metric.key: metric.value(parts) for metric, parts in with_parts(metrics, answers, targets, labels)}


def intervals(
    metrics: Iterable[Metric], answers: Array, targets: Array, labels: Labels, groups: Array | None = None
) -> dict[str, Interval]:
    """Metric -> interval, of those that have one and a value; `groups` (N,) say which rows were drawn together."""
    found: dict[str, Interval] = {}
    for metric, parts in with_parts([metric for metric in metrics if metric.interval], answers, targets, labels):
        interval = metric.interval and metric.interval(parts, groups)
        if interval is not None and not np.isnan(interval.low):
            found[metric.key] = _within(interval, metric.low, metric.high)
    return found


def _within(interval: Interval, low: float, high: float) -> Interval:
    """With no end beyond what the metric can be: one that is symmetric about the value may lie there."""
    return interval.model_copy(update={"low": max(interval.low, low), "high": min(interval.high, high)})


__all__ = ["CALIBRATION", "Cells", "Drawn", "Metric", "Parts", "Scorer", "intervals", "scores", "with_parts"]
