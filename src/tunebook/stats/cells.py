"""Resampling of a confusion matrix: rows of one cell are alike, so their numbers are drawn instead of the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.metrics.counts import Counts
from tunebook.stats.resample import blocks

Array = NDArray[Any]
CountScore = Callable[[Counts], Array]


@dataclass(frozen=True)
class Cells:
    """The cells of a confusion matrix that hold rows.

    Attributes:
        true, predicted: class numbers of each cell, shape (K,).
        rows: how many rows it holds, shape (K,).
        classes: number of classes C.
    """

    true: Array
    predicted: Array
    rows: Array
    classes: int

    @staticmethod
    def of(confusion: Array) -> Cells:
        """The cells of a confusion matrix (C, C) that are not empty."""
        true, predicted = np.nonzero(confusion)
        return Cells(true, predicted, confusion[true, predicted], len(confusion))

    def counts(self, rows: Array) -> Counts:
        """Class counts where the cells hold `rows`, of shape (..., K)."""
        of_true, of_predicted, of_right = self._one_hot()
        return Counts(rows @ of_right, rows @ of_true, rows @ of_predicted, rows.sum(-1))

    def without_one(self) -> Counts:
        """Class counts (K, C) with one row of each cell left out."""
        whole = self.counts(self.rows.astype(float))
        of_true, of_predicted, of_right = self._one_hot()
        return Counts(whole.right - of_right, whole.true - of_true, whole.predicted - of_predicted, whole.rows - 1)

    def draws(self, resamples: int, rng: np.random.Generator) -> Iterator[Array]:
        """Rows in each cell of resamples with replacement, in blocks of shape (b, K)."""
        total = int(self.rows.sum())
        for block in blocks(resamples, max(len(self.rows), 4 * self.classes)):
            yield rng.multinomial(total, self.rows / total, size=block).astype(float)

    def matrices(self, rows: Array) -> Array:
        """Confusion matrices (..., C, C) where the cells hold `rows`, of shape (..., K)."""
        dense = np.zeros((*rows.shape[:-1], self.classes, self.classes))
        dense[..., self.true, self.predicted] = rows
        return dense

    def _one_hot(self) -> tuple[Array, Array, Array]:
        eye = np.eye(self.classes)
        of_true = eye[self.true]
        return of_true, eye[self.predicted], of_true * (self.true == self.predicted)[:, None]


__all__ = ["Cells", "CountScore"]
