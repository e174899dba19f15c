"""From which grade on two texts belong together: one cut for scores, thresholds and figures of the vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Labels

_HIGH = 0.8  # of the way from the lowest grade to the highest
_NEAR = 1e-6  # of a float32 that was made of a grade and back


def alike_from(labels: Labels) -> float:
    """The grade: four fifths of the way to the highest."""
    assert labels.low is not None and labels.high is not None
    return labels.low + _HIGH * (labels.high - labels.low)


def alike(grades: NDArray[Any], labels: Labels, least: float | None = None) -> NDArray[np.bool_]:
    """Which pairs of these grades, shape (N,), belong together.

    Args:
        least: another grade in place of `alike_from`.
    """
    bound = alike_from(labels) if least is None else least
    found: NDArray[np.bool_] = np.asarray(grades, dtype=np.float64) >= bound - _NEAR * max(1.0, abs(bound))
    return found


__all__ = ["alike", "alike_from"]
