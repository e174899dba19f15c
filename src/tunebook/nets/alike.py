"""Texts of like length read together: a batch of short queries and long passages is several forward passes, none of
which is padded much."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_PASS = 64  # tokens that take about as long as the fixed cost of one more pass, on a CPU


def groups(lengths: NDArray[np.int64], cost: int = _PASS) -> list[NDArray[np.int64]]:
    """Line numbers of each pass, the longest lines first: those of which the padded tokens, and `cost` more for each
    pass, are the fewest.

    Args:
        lengths: tokens of each line, shape (N,), N at least 1.
    """
    order = np.argsort(-lengths, kind="stable")
    sizes, begins = np.unique(-lengths[order], return_index=True)
    ends = np.append(begins[1:], len(order))
    least, before = np.zeros(len(sizes) + 1), np.zeros(len(sizes) + 1, dtype=np.int64)
    for place, end in enumerate(ends, start=1):  # the best way to read the lines down to each length
        tokens = least[:place] + (end - begins[:place]) * -sizes[:place] + cost
        before[place] = int(np.argmin(tokens))
        least[place] = tokens[before[place]]
    cuts, place = [], len(sizes)
    while place:
        place = int(before[place])
        cuts.append(int(begins[place]))
    return np.split(order, sorted(cuts)[1:])


__all__ = ["groups"]
