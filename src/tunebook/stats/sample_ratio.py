"""Do the arms get the shares that they should? A test that may be looked at all the time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from tunebook.core.errors import DataError
from tunebook.stats.e_process import check_counts

STRENGTH = 100.0  # so many units the guess of the shares weighs: deviations of some points are found soonest


def log_sample_ratio(counts: ArrayLike, shares: ArrayLike, strength: float = STRENGTH) -> float:
    """Log of the e-value against "every unit is drawn with these shares, whatever came before".

    The bet is a Dirichlet mixture of all other shares, centred on the claimed ones.

    Args:
        counts: units of each arm, shape (k,); shares: what they should be, above 0 and together 1.
        strength: how near to the claimed shares the bet expects the true ones.

    Source: Lindon and Malek, Anytime-valid inference for multinomial count data, NeurIPS 2022.

    Raises:
        DataError: `stats.counts`; `stats.shares`.
    """
    n, theta = np.asarray(counts, dtype=np.float64), np.asarray(shares, dtype=np.float64)
    check_counts(n)
    if n.shape != theta.shape or not np.all(theta > 0) or abs(theta.sum() - 1) > 1e-9:
        raise DataError("stats.shares", key="shares", value=theta.tolist())
    prior = strength * theta
    mixture = gammaln(prior + n).sum() - gammaln(prior).sum() + gammaln(strength) - gammaln(strength + n.sum())
    return float(mixture - (n * np.log(theta)).sum())


__all__ = ["STRENGTH", "log_sample_ratio"]
