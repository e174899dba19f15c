"""Groups of unequal size: how many they are worth, and what the spread between them says of the mean.

A group with many rows pulls the mean of all rows towards its own, so it strays less from that mean than it would from
the true one, and a spread that rests on one group has few degrees of freedom, however many small ones stand beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FEWEST = 3.0  # effective groups; below it ends at 5 % err in up to 8 %
_POWER = 1.4  # of a group's rows, to which the variance of its sum is taken to be proportional


@dataclass(frozen=True)
class Sizes:
    """The numbers of rows of all groups, shape (G,)."""

    rows: Array

    @staticmethod
    def of(groups: Array) -> Sizes:
        """The sizes of groups, from the group of each row, shape (N,)."""
        return Sizes(np.unique(groups, return_counts=True)[1])

    @property
    def effective(self) -> float:
        """How many groups of the same size would say as much: (sum n)^2 / sum n^2."""
        return float(self.rows.sum() ** 2 / (self.rows.astype(float) ** 2).sum())

    def spread(self) -> tuple[float, float | None]:
        """By how much the mean square between groups is too small, as a factor, and its degrees of freedom.

        With T the groups' sums of deviations from the true mean, p = n / N and S the diagonal of their variances, what
        is seen is (I - p 1') T, of covariance C = (I - p 1') S (I - p 1')'. The sum of its squares is tr C on average,
        where it should be tr S, and has (tr C)^2 / tr C^2 degrees of freedom. S is n^1.4: between rows that have
        nothing in common (n) and those that are all alike (n^2), where simulated ends keep their error. Groups of one
        size are as good as rows: 1 and None, the usual degrees of freedom.

        Source: Bell and McCaffrey, Bias reduction in standard errors for linear regression with multi-stage samples,
            Survey Methodology 28, 2002, with one factor for all groups.
        """
        if self.rows.min() == self.rows.max():
            return 1.0, None
        n = self.rows.astype(float)
        p, s = n / n.sum(), n**_POWER
        total, pp, ps, ss = s.sum(), p @ p, p @ s, s @ s
        trace = total - 2 * ps + total * pp
        crossed = 2 * pp * ss + 2 * ps**2 - 4 * total * ps * pp + (total * pp) ** 2
        square = ss - 4 * p @ s**2 + 2 * total * p**2 @ s + crossed
        return float(total / trace) * (len(n) - 1) / len(n), float(trace**2 / square)


__all__ = ["FEWEST", "Sizes"]
