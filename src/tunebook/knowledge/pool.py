"""Random-effects meta-analysis: what several tests on different data say together."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tunebook.core.nouns import Record


class Pooled(Record):
    """A mean effect over data sets.

    Attributes:
        mean, lower, upper: with its 95 % interval.
        tau: standard deviation of the true effects between data sets; None from one alone.
        i2: share of the spread that is more than chance.
        p_same: probability of such a spread if all true effects were the same.
        new_lower, new_upper: where the effect on another data set is to be expected (95 %); None from fewer than three.
        count: number of data sets.
    """

    mean: float
    lower: float
    upper: float
    tau: float | None = None
    i2: float | None = None
    p_same: float | None = None
    new_lower: float | None = None
    new_upper: float | None = None
    count: int


def pool(effects: Sequence[float], errors: Sequence[float], dfs: Sequence[float] | None = None) -> Pooled:
    """Pool independent effects with their standard errors (> 0) and the degrees of freedom of these; None: infinite.

    The variance between data sets is that of Paule and Mandel (1982). The interval is that of Hartung and Knapp (2001)
    with t quantiles, never narrower than the classical one (Rover, Knapp, Friede 2015), since with few data sets the
    classical one is far too sure; and that one is widened by Meier's factor (Biometrics 9, 1953), since weights of few
    degrees of freedom are uncertain. An effect alone has its own t interval. The prediction interval is that of
    Higgins, Thompson and Spiegelhalter (2009).
    """
    from scipy import stats

    y, variances = np.asarray(effects, float), np.asarray(errors, float) ** 2
    count, freedom = len(y), np.full(len(y), math.inf) if dfs is None else np.asarray(dfs, float)
    if count == 1:
        half = float(stats.t.ppf(0.975, freedom[0]) * math.sqrt(variances[0]))
        return Pooled(mean=float(y[0]), lower=float(y[0]) - half, upper=float(y[0]) + half, count=1)
    tau2 = _between(y, variances)
    weights = 1 / (variances + tau2)
    mean = float(weights @ y / weights.sum())
    scale = max(_meier(weights, variances, freedom), float(weights @ (y - mean) ** 2) / (count - 1))
    error = math.sqrt(scale / weights.sum())
    half = float(stats.t.ppf(0.975, count - 1)) * error
    q = _spread(y, variances, 0.0)
    wide = float(stats.t.ppf(0.975, count - 2)) * math.sqrt(tau2 + error**2) if count > 2 else None
    return Pooled(
        mean=mean,
        lower=mean - half,
        upper=mean + half,
        tau=math.sqrt(tau2),
        i2=max(0.0, (q - (count - 1)) / q) if q > 0 else 0.0,
        p_same=float(stats.chi2.sf(q, count - 1)),
        new_lower=None if wide is None else mean - wide,
        new_upper=None if wide is None else mean + wide,
        count=count,
    )


def _meier(weights: np.ndarray, variances: np.ndarray, dfs: np.ndarray) -> float:
    """How much more a weighted mean varies than its weights say, since these are estimated themselves."""
    shares = weights / weights.sum()
    return float(1 + 4 * (shares * (1 - shares) * (weights * variances) ** 2 / dfs).sum())


def _spread(y: np.ndarray, variances: np.ndarray, tau2: float) -> float:
    """Weighted squared distance from the mean; count - 1 is expected if tau2 is right."""
    weights = 1 / (variances + tau2)
    return float(weights @ (y - weights @ y / weights.sum()) ** 2)


def _between(y: np.ndarray, variances: np.ndarray) -> float:
    """The variance between data sets that leaves as much spread as chance should."""
    from scipy.optimize import brentq

    expected = len(y) - 1
    if _spread(y, variances, 0.0) <= expected:
        return 0.0
    most = float(np.var(y, ddof=1)) * len(y) + float(variances.max())
    return float(brentq(lambda tau2: _spread(y, variances, tau2) - expected, 0.0, most, xtol=1e-15))


__all__ = ["Pooled", "pool"]
