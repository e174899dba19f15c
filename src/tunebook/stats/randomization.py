"""A test of two models on the same rows for any score: whose answer is whose is drawn anew, row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.stats.bootstrap import Units

Array = NDArray[Any]
DRAWS = 1999


def swap_p(fall: Callable[[Array], float], differ: Array, units: Units, *, draws: int = DRAWS, seed: int = 0) -> float:
    """The chance of a fall as large as the one seen, or larger, if it were chance which of the two answers of a row
    came first (one-sided). Rows of a group are swapped together.

    Args:
        fall: of which rows are swapped, shape (N,), by how much the score falls.
        differ: which rows the two answer differently, shape (N,): only these can make a difference.

    Source: Noreen, Computer-intensive methods for testing hypotheses, 1989; with the seen one counted among the draws,
    so that it errs no more often than it says (Phipson and Smyth 2010).
    """
    if not differ.any():
        return 1.0
    seen = fall(np.zeros(len(differ), dtype=bool))
    rng = np.random.default_rng(seed)
    codes = np.arange(units.rows) if units.codes is None else units.codes
    reached = 0
    for _ in range(draws):
        swapped = rng.random(units.count)[codes] < 0.5
        reached += fall(swapped & differ) >= seen - 1e-12
    return (1 + reached) / (1 + draws)


__all__ = ["DRAWS", "swap_p"]
