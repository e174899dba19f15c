"""Which class is taken for which other one more often than errors that fall anywhere would do it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def chance_of_pairs(counts: Array) -> Array:
    """Where an error falls that hits rows and classes at random: the probability of each pair of a true class and
    another one that is said, shape (C, C), with zeros in the diagonal.

    Args:
        counts: how often each class is there, shape (C,); with half a row more, so that one without rows can be said.
    """
    rows = np.asarray(counts, dtype=np.float64)
    said = rows + 0.5
    others = np.maximum(said.sum() - said, 1e-12)
    found = rows[:, None] / max(rows.sum(), 1.0) * said[None, :] / others[:, None]
    np.fill_diagonal(found, 0.0)
    return np.asarray(found)


def more_than_chance(seen: Array, chance: Array) -> Array:
    """One-sided exact binomial p-values of pairs, corrected for all pairs that can be, shape (C, C).

    Source: Holm, A simple sequentially rejective multiple test procedure, 1979.

    Args:
        seen: how many errors fell on each pair; chance: the probability of each.
    """
    from scipy.stats import binom

    each = np.where(seen > 0, binom.sf(seen - 1, seen.sum(), chance), 1.0)
    possible = chance > 0
    found = np.ones(seen.shape)
    found[possible] = holm(each[possible])
    return found


def holm(p_values: Array) -> Array:
    """P-values (N,) corrected so that a wrong one is named with the probability that they say, shape (N,)."""
    order = np.argsort(p_values, kind="stable")
    grown = np.maximum.accumulate(p_values[order] * np.arange(len(p_values), 0, -1))
    found = np.empty(len(p_values))
    found[order] = np.minimum(grown, 1.0)
    return found


__all__ = ["chance_of_pairs", "holm", "more_than_chance"]
