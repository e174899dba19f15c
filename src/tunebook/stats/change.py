"""Whether mistakes became more frequent at some time, looked at after each of them for as long as one likes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

_RISES = (0.03, 0.1, 0.3)  # how much of the way from the old share to 1 the new one may lie


@dataclass(frozen=True)
class Stream:
    """An e-process against "each row is a mistake with a probability of at most `most`, whatever came before".

    For each rise it bets from every row on: sum over starts j of w_j times the product of likelihood ratios from j on,
    with w_j = 1 / (j (j + 1)). Under the hypothesis the expectation of the sum is at most 1 at any time that one may
    stop at, so that it ever reaches 1 / alpha has a chance of at most alpha (Ville). A change after long quiet still
    counts in full but for its weight. Page-Hinkley and ADWIN state no such chance: they bound the mean time
    between false alarms at best.

    Source: Shin, Ramdas and Rinaldo, E-detectors, 2024 (sums of e-processes from each start); weights as in Ville's
    mixture.

    Attributes:
        most: share of mistakes that is allowed, above 0 and below 1.
        rows: so many were seen; logs: of the sums, one a rise; best: the highest of the process so far, as a logarithm.
    """

    most: float
    rows: int = 0
    logs: tuple[float, ...] = (-np.inf,) * len(_RISES)
    best: float = -np.inf

    def after(self, mistakes: Iterable[bool]) -> Stream:
        """The process after further rows, in their order."""
        asked = [self.most + rise * (1 - self.most) for rise in _RISES]
        yes = np.array([np.log(share / self.most) for share in asked])
        no = np.array([np.log((1 - share) / (1 - self.most)) for share in asked])
        rows, logs, best = self.rows, np.array(self.logs), self.best
        for mistake in mistakes:
            rows += 1
            logs = np.logaddexp(logs, -np.log(rows) - np.log(rows + 1)) + (yes if mistake else no)
            best = max(best, float(np.logaddexp.reduce(logs) - np.log(len(asked))))
        return replace(self, rows=rows, logs=tuple(float(value) for value in logs), best=best)

    @property
    def p_value(self) -> float:
        """Chance of so high a process ever, at most; valid whenever one looks."""
        return float(np.exp(min(0.0, -self.best)))


def most_mistakes(wrong: int, rows: int, alpha: float) -> float:
    """The share of mistakes that lies above the true one with a probability of 1 - alpha, from wrong of so many rows.

    Source: Clopper and Pearson, The use of confidence or fiducial limits, 1934. Never 0 or 1, where nothing can be bet.
    """
    from scipy.stats import beta

    high = 1.0 if wrong >= rows else float(beta.ppf(1 - alpha, wrong + 1, rows - wrong))
    return min(max(high, 1e-4), 0.99)


__all__ = ["Stream", "most_mistakes"]
