"""Interval of a share: so many of so many."""

from __future__ import annotations

import math

from scipy.special import ndtri

from tunebook.core.nouns import Interval


def wilson_interval(hits: float, n: int, level: float = 0.95) -> Interval:
    """Wilson's score interval of hits / n: keeps its level near 0 and 1, where resampling has nothing to draw from.

    Source: Wilson, Probable inference, the law of succession, and statistical inference, 1927.

    Raises:
        ValueError: n is 0, or hits lie outside 0 .. n.
    """
    if n < 1 or not 0 <= hits <= n:
        raise ValueError(f"{hits} of {n} is no share")
    z = float(ndtri((1 + level) / 2))
    share, scale = hits / n, 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(value=share, low=max(0.0, min(middle - half, share)), high=min(1.0, max(middle + half, share)))


__all__ = ["wilson_interval"]
