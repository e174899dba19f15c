"""Many tables against one champion: how probable it is that one of them passes though all are equal."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.special import ndtr, ndtri

from tunebook.stats.gate import check_alpha

_NODES = 80


def family_error(tables: int, alpha: float, proofs: Literal[1, 2] = 1) -> float:
    """Probability that at least one of so many tables passes that are all no better than the champion.

    All gains share the champion's own luck, so any two of them correlate by 1/2 (Dunnett's many-to-one comparisons, of
    arms that vary alike). Further proofs rest on other runs and rows: given the champion's luck in each, the tables
    pass independently. It is the worst case, of a delta of 0; one that is asked for makes it rarer.

    Args:
        tables: their number, at least 0.
        alpha: one-sided error of one proof.
        proofs: how many each table has to bring.

    Source: Dunnett, JASA 50, 1955.

    Raises:
        PlanError: `stats.alpha`.
    """
    check_alpha(alpha)
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = weights / weights.sum()
    passes = ndtr((ndtri(alpha) - np.sqrt(0.5) * nodes) / np.sqrt(0.5))  # of one table, given the champion's luck
    if proofs == 1:
        return float(1 - weights @ (1 - passes) ** tables)
    return float(1 - weights @ (1 - np.outer(passes, passes)) ** tables @ weights)


__all__ = ["family_error"]
