"""Scores of pairs of texts that a threshold turns into matches, and the threshold that a model carries along."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.locations import THRESHOLD
from tunebook.core.nouns import Interval, Record, read_json

Array = NDArray[Any]


@dataclass(frozen=True)
class Hits:
    """Pairs of texts with their scores, of N rows.

    Attributes:
        row: which row each is of; score: how alike they are; right: whether they match; shapes (M,).
        missing: matches of each row that are not among these pairs, shape (N,).
    """

    row: NDArray[np.int64]
    score: Array
    right: NDArray[np.bool_]
    missing: NDArray[np.int64]

    @property
    def rows(self) -> int:
        """N."""
        return len(self.missing)

    @property
    def matches(self) -> int:
        """How many there are to be found."""
        return int(self.right.sum() + self.missing.sum())


class Found(Record):
    """What a threshold gives on some rows: the share of matches among the pairs that reach it, the share of all matches
    that do, and the harmonic mean of both.

    Attributes:
        reached: how many pairs reach it, on which the precision rests.
    """

    rows: int
    reached: int = 0
    precision: Interval
    recall: Interval
    f1: Interval


class Threshold(Record):
    """A score from which on two texts match, chosen on validation rows and told on test rows.

    Attributes:
        run: whose model it is for.
        wanted: the precision that was asked for; None for the highest F1.
        least: grade or gain from which on a pair is a match; None for any gain above 0.
        validation: with intervals that the choice flatters; test: of rows that chose nothing.
    """

    run: str
    threshold: float
    wanted: float | None
    least: float | None
    validation: Found
    test: Found


def read_threshold(folder: Path) -> Threshold | None:
    """That of a model's folder; None without one.

    Raises:
        BookError: `file.damaged`, `file.newer`.
    """
    path = folder / THRESHOLD
    found: Threshold | None = read_json(Threshold, path) if path.is_file() else None
    return found


__all__ = ["Found", "Hits", "Threshold", "read_threshold"]
