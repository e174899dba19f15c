"""What each changed row is worth: which mixtures of A and B to train, and how to weigh their scores.

A mixture is table A with some of B's changed rows put in: the empty set is A, the full set is B. The effect of a row is
the weighted sum of the scores S[mixture], arrays (K, N); `two_way` of that sum gives its interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from tunebook.core.errors import PlanError

Mixture = frozenset[str]
Contrasts = dict[str, dict[Mixture, float]]

# Exact Shapley values need every mixture: 64 tables of six rows.
MOST_EXACT = 6


def one_back(rows: Sequence[str]) -> Contrasts:
    """B against B with one row put back to A's value: what the row adds to all the others. Needs r + 1 tables."""
    whole = frozenset(rows)
    return {row: {whole: 1.0, whole - {row}: -1.0} for row in rows}


def one_in(rows: Sequence[str]) -> Contrasts:
    """A with one row of B put in against A: what the row does by itself. Needs r + 1 tables."""
    return {row: {frozenset({row}): 1.0, frozenset(): -1.0} for row in rows}


def shapley(rows: Sequence[str], permutations: int | None = None, seed: int = 0) -> Contrasts:
    """Shapley value of each row: what it adds, averaged over the orders in which the rows could be put in.

    The values of all rows add up to B - A, exactly, whatever the number of permutations. Each second permutation is
    the reverse of the one before it, so that two of them are exact wherever rows act on each other in pairs only; they
    need 2 r tables, the others at most 2 r - 2 more.

    Args:
        rows: names of the changed rows.
        permutations: how many orders to draw; None for all of them (every mixture: 2^r tables, six rows at most).
        seed: start of the draws.

    Source: Shapley, 1953; Castro, Gomez and Tejada, 2009 (sampling); Mitchell et al., 2022 (reversed orders).

    Raises:
        PlanError: all orders of more than six rows, or fewer than one permutation.
    """
    if permutations is None:
        return _exact(rows)
    if permutations < 1:
        raise PlanError("stats.permutations", key="permutations", value=permutations, allowed=">= 1")
    rng = np.random.default_rng(seed)
    found: Contrasts = {row: {} for row in rows}
    order = list(rows)
    for number in range(permutations):
        order = order[::-1] if number % 2 else [rows[place] for place in rng.permutation(len(rows))]
        for place, row in enumerate(order):
            before = frozenset(order[:place])
            for mixture, sign in ((before | {row}, 1.0), (before, -1.0)):
                found[row][mixture] = found[row].get(mixture, 0.0) + sign / permutations
    return found


def _exact(rows: Sequence[str]) -> Contrasts:
    if len(rows) > MOST_EXACT:
        raise PlanError(
            "stats.many_rows", key="permutations", value=len(rows), subsets=2 ** len(rows), allowed=f"<= {MOST_EXACT}"
        )
    found: Contrasts = {row: {} for row in rows}
    for row in rows:
        others = [other for other in rows if other != row]
        for size in range(len(rows)):
            weight = 1 / (len(rows) * math.comb(len(others), size))
            for before in map(frozenset, combinations(others, size)):
                found[row] |= {before | {row}: weight, before: -weight}
    return found


__all__ = ["MOST_EXACT", "Contrasts", "Mixture", "one_back", "one_in", "shapley"]
