"""Whether another model of the same rows is better: who is, says where the fault lies."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from scipy.special import bdtrc

Array = NDArray[Any]


def p_of_less(mass: Array, other: Array) -> float:
    """One-sided p-value that the other model is no better, of error masses (N,) of both: the exact sign test of the
    rows in which they differ."""
    won, lost = int((other < mass).sum()), int((other > mass).sum())
    return at_least(won, won + lost, 0.5)


def at_least(hits: int, rows: int, share: float) -> float:
    """Probability of so many hits or more in so many rows."""
    if hits <= 0:
        return 1.0
    return float(bdtrc(hits - 1, rows, share))


def fisher(hits: int, rows: int, other_hits: int, other_rows: int) -> float:
    """One-sided p-value of Fisher's exact test that hits are no more frequent here than there."""
    from scipy.stats import hypergeom

    if not rows or not other_rows:
        return 1.0
    return float(hypergeom(rows + other_rows, hits + other_hits, rows).sf(hits - 1))


__all__ = ["at_least", "fisher", "p_of_less"]
