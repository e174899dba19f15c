"""A pseudo-row that keeps variances of scores from vanishing where a sample holds no error."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.metrics.counts import Counts

Array = NDArray[Any]

# How many rows are added; they are true and predicted at random. They smooth variances, never scores.
PRIOR_ROWS = 1.0


def prior_shares(counts: Counts) -> Array:
    """Share of each class in what is true and predicted, shape (C,)."""
    return np.asarray((counts.true + counts.predicted) / max(float(counts.true.sum() + counts.predicted.sum()), 1.0))


__all__ = ["PRIOR_ROWS", "prior_shares"]
