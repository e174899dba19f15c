"""Evidence that may be looked at after every single request: e-processes.

An e-process is what a gambler has made of 1 who bets against a hypothesis. If the hypothesis holds, then it ever
reaches 1 / alpha with probability alpha at most, however often one looks (Ville's inequality). Bets on further data of
the same hypothesis multiply, so their logarithms are what is kept.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaln, logsumexp

from tunebook.core.errors import DataError

Array = NDArray[np.float64]

# Bets as parts of the largest one that cannot lose everything: each half of the one before, so that some bet is near
# the best one, be the effect large or a thousandth of the range.
BETS: Array = 0.8 * np.power(0.5, np.arange(12, dtype=np.float64))
_TINY = 1e-200  # below it the incomplete beta function nears its underflow
_LOG2 = math.log(2)
_ENOUGH = 45.0  # terms beyond exp(-45) of the first do not count


def log_mcnemar(won: ArrayLike, lost: ArrayLike) -> Array:
    """Log of the e-value against "B is no better than A" on rows that both have answered.

    Of the rows on which just one of them is right, B is right on each with probability 1/2 at most, whatever came
    before. The bet is the mixture of all larger probabilities, the same for each of them:
    log 2 + log B(1+s, 1+f) + log P(Beta(1+s, 1+f) > 1/2) + (s+f) log 2.

    Args:
        won: s, rows that B alone has right; lost: f, rows that A alone has right. Numbers, or arrays of the same shape.

    Source: mixture supermartingales, Robbins 1970; Howard et al., Annals of Statistics 49, 2021.

    Raises:
        DataError: `stats.counts`.
    """
    s, f = np.asarray(won, dtype=np.float64), np.asarray(lost, dtype=np.float64)
    check_counts(s, f)
    return np.asarray(_LOG2 + betaln(1 + s, 1 + f) + _log_upper(s, f) + (s + f) * _LOG2, dtype=np.float64)


def _log_upper(s: Array, f: Array) -> Array:
    """Log of P(Beta(1+s, 1+f) > 1/2) = P(Binomial(s+f+1, 1/2) <= s), where it underflows too."""
    plain = np.asarray(betainc(1 + f, 1 + s, 0.5), dtype=np.float64)
    found = np.log(np.maximum(plain, _TINY)).reshape(-1)
    for at in np.flatnonzero(plain < _TINY):
        found[at] = _log_tail(float(s.flat[at]), float(s.flat[at] + f.flat[at] + 1))
    shaped: Array = found.reshape(plain.shape)
    return shaped


def _log_tail(k: float, n: float) -> float:
    """Log of P(Binomial(n, 1/2) <= k) for k far below n / 2: the last term times a sum that falls off geometrically."""
    first = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * _LOG2
    if k == 0:
        return first
    terms = min(k, math.ceil(_ENOUGH / -math.log(k / (n - k + 1))))
    steps = np.arange(terms)
    ratios = np.cumsum(np.log((k - steps) / (n - k + 1 + steps)))
    return first + float(np.log1p(np.exp(ratios).sum()))


def log_wealths(values: ArrayLike, lowest: ArrayLike, null: ArrayLike) -> Array:
    """Log of what each of `BETS` makes of 1 against "the mean of the values, given all before, is at most `null`".

    Wealth after a value x is multiplied by 1 + b (x - null) / (null - lowest), b the bet. Sums of these over stages of
    one hypothesis are what `log_e` takes.

    Args:
        values: in their order, shape (n,); lowest: the least that each could have been, told by what came before it;
            null: of each. Numbers or shape (n,).

    Returns:
        Shape (len(BETS),).

    Source: Waudby-Smith and Ramdas, JRSS B 86, 2024.

    Raises:
        DataError: `stats.bounds`, a value below its lowest, or a null that is not above that.
    """
    gains = _gains(values, lowest, null)
    return np.array([np.log1p(bet * gains).sum() for bet in BETS])


def log_e(wealths: ArrayLike) -> float:
    """Log of the e-value of all bets together: their mean, from their logs, shape (len(BETS),)."""
    found = np.asarray(wealths, dtype=np.float64)
    return float(logsumexp(found) - math.log(len(found)))


def log_path(values: ArrayLike, lowest: ArrayLike, null: ArrayLike) -> Array:
    """Log of the e-value after each value, shape (n,); as `log_wealths`, whose last it is."""
    gains = _gains(values, lowest, null)
    wealths = np.cumsum(np.log1p(BETS[:, None] * gains), axis=1)
    found: Array = logsumexp(wealths, axis=0) - math.log(len(BETS))
    return found


def _gains(values: ArrayLike, lowest: ArrayLike, null: ArrayLike) -> Array:
    x, low, m = np.broadcast_arrays(*(np.asarray(item, dtype=np.float64) for item in (values, lowest, null)))
    bad = int(np.count_nonzero(~((x >= low) & (m > low) & np.isfinite(x))))
    if bad:
        raise DataError("stats.bounds", key="values", value=bad)
    gains: Array = (x - m) / (m - low)
    return np.atleast_1d(gains)


def two_arms(values: ArrayLike, treated: ArrayLike, share: ArrayLike) -> tuple[Array, Array]:
    """Values that each have the mean "arm B minus arm A", whoever was drawn, for `log_wealths`.

    Each unit is drawn for B with a known probability p. Then (y - c)(z/p - (1-z)/(1-p)) has that mean for any c that
    was known before; c is near the means of both arms so far, which makes the values spread least.

    Args:
        values: y, between 0 and 1, in their order, shape (n,); treated: z, whether each was drawn for B.
        share: p, of each or of all, above 0 and below 1.

    Returns:
        The values and the least that each could have been, both of shape (n,).

    Source: augmented inverse propensity weights, Robins, Rotnitzky and Zhao, JASA 89, 1994.

    Raises:
        DataError: `stats.bounds`, values outside 0 .. 1, or a share that leaves no choice.
    """
    y, z, p = np.broadcast_arrays(np.asarray(values, np.float64), np.asarray(treated, np.float64), np.asarray(share))
    bad = int(np.count_nonzero(~((y >= 0) & (y <= 1) & (p > 0) & (p < 1))))
    if bad:
        raise DataError("stats.bounds", key="values", value=bad)
    every = _before(y, np.ones_like(y), 0.5)
    centre = (1 - p) * _before(y, z, every) + p * _before(y, 1 - z, every)
    found = (y - centre) * (z / p - (1 - z) / (1 - p))
    return found, np.minimum(found, -np.maximum(centre / p, (1 - centre) / (1 - p)))  # rounding apart


def _before(y: Array, counted: Array, guess: Any) -> Array:
    """Mean of those that count among all before each, with a guess that weighs as one of them."""
    found: Array = (np.cumsum(counted * y) - counted * y + guess) / (np.cumsum(counted) - counted + 1)
    return found


def check_counts(*counts: Array) -> None:
    """Refuse counts that are no whole numbers from 0.

    Raises:
        DataError: `stats.counts`.
    """
    for count in counts:
        if not bool(np.all((count >= 0) & (count == np.floor(count)) & np.isfinite(count))):
            raise DataError("stats.counts", key="counts", value=count.tolist())


__all__ = ["BETS", "check_counts", "log_e", "log_mcnemar", "log_path", "log_wealths", "two_arms"]
