"""Whether a test that cannot be told yet has any chance left to end well."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtri, stdtr

from tunebook.stats.gate import Effect


def chance_left(seen: Effect, end: int, alpha: float, least: Any) -> Any:
    """Probability that a test promotes at its planned end, if what is still to come goes well.

    More seeds do not change the rows, so the gain on these rows is known up to the seeds' own spread s. The seeds to
    come are taken to gain on average the larger of the least gain worth having and m + s / sqrt(k), one standard error
    above the mean m of the k seeds so far. The mean at the end then has to reach the least gain and to lie above 0 by
    the interval's half, with the normal quantile, which is the narrowest. Its spread is Student's with k - 1 degrees of
    freedom, for s is known from k seeds only. Stopping where this is small can only make promotions rarer.

    Args:
        seen: the gain so far, or, with arrays for numbers, those of many tests.
        end: number of seeds at the planned end, more than so far; alpha: one-sided error of the look there.
        least: least gain worth having, in the metric's units.

    Source: stochastic curtailment, Lan, Simon and Halperin, Sequential Analysis 1, 1982.
    """
    k, of_seed = seen.seeds, np.square(seen.seed_sd)
    guess = np.maximum(least, seen.mean + seen.seed_sd / np.sqrt(k))
    expected = (k * seen.mean + (end - k) * guess) / end
    of_rows = np.maximum(np.square(seen.se) - of_seed / k, 0)
    needed = np.maximum(least, -ndtri(alpha) * np.sqrt(of_rows + of_seed / end))
    spread = np.maximum(seen.seed_sd * np.sqrt(end - k) / end, np.finfo(float).tiny)
    return stdtr(k - 1, (expected - needed) / spread)


__all__ = ["chance_left"]
