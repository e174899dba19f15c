"""The spans of several models as those of one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import stacked
from tunebook.tasks.tagging.spans import SAID, Spans


def mean(answers: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The spans (N, 1 + 4 S) that more than half of the models find, with the mean of their scores; a model that does
    not find one gives it 0.

    No two of them overlap, since none of a model's own do. Models without an answer (NaN) have no vote.
    """
    whole = stacked(answers)
    models, rows = whole.shape[:2]
    votes = np.isfinite(whole[:, :, 0]).sum(0)
    found = Spans.of(whole.reshape(models * rows, -1), SAID)
    fields = np.stack([found.row % rows, found.start, found.end, found.label], axis=1)
    each, own = np.unique(fields, axis=0, return_inverse=True)
    own = own.reshape(-1)
    row = each[:, 0]
    most = 2 * np.bincount(own, minlength=len(each)) > votes[row]
    score = np.bincount(own, weights=found.score, minlength=len(each)) / np.maximum(votes[row], 1)
    read = found.read.reshape(models, rows, SAID).max(axis=0)
    return Spans(row, each[:, 1], each[:, 2], each[:, 3], score, read).at(most).matrix(SAID)


__all__ = ["mean"]
