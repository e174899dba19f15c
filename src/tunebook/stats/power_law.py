"""How an error falls with the number of training rows: a power law through a few sizes, and what is not known of it.

    error(n) = a (n / n0)^-b + c        a >= 0, b > 0, c >= 0

n0 is the largest size, c what no number of rows takes away, a what is still to be gained there. For every b of a grid
the best a and c are those of a weighted straight line, cut off at 0, and a parabola leads from the best b to the one
between; so the least squares need no start, and thousands of curves are fitted at once.

What is not known is drawn: the validation rows are drawn again (the same for all sizes, for they were asked of all), to
each mean comes the chance of its seeds, by Student's t of the pooled variance, and every drawn curve is fitted anew.
Where the points lie farther from the law than their seeds explain, the variance is raised by as much (Birge's ratio).

Source: Hestness et al. 2017 (arXiv:1712.00409); Viering and Loog 2021 (arXiv:2103.10948) on the shapes of learning
curves and on how often a law fails; Efron and Tibshirani 1993, chapters 6 and 9 (parametric and pair bootstrap).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Form = Literal["power", "pure", "flat"]
FORMS: tuple[Form, ...] = ("power", "pure", "flat")
LEVEL = 0.90
DRAWS = 600
FEWEST = 4  # sizes: one more than the law has parameters
_STEEP = np.geomspace(0.02, 3.0, 120)  # values of b that are tried
_PRIOR = 4.0  # degrees of freedom of the pooled variance that a size's own is drawn towards
_LEAST = 1e-6  # standard deviation of an error: nothing is known better


@dataclass(frozen=True)
class Laws:
    """Curves of one fit, or of many draws: `a`, `b` and `c` of each, shape (R,).

    Attributes:
        largest: the size n0.
        misfit: of each, the weighted sum of squares.
    """

    a: Array
    b: Array
    c: Array
    largest: float
    misfit: Array

    def at(self, rows: float | Array) -> Array:
        """Errors at numbers of rows (K,), shape (R, K)."""
        times = np.atleast_1d(np.asarray(rows, dtype=np.float64)) / self.largest
        found: Array = self.a[:, None] * times[None, :] ** -self.b[:, None] + self.c[:, None]
        return found

    def rows_for(self, error: float) -> Array:
        """Rows from which on each curve is at or below an error, shape (R,); infinite for one that never is."""
        left = error - self.c
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            found = self.largest * (self.a / np.where(left > 0, left, np.nan)) ** (1 / self.b)
        flat = np.where(left >= 0, 0.0, np.inf)  # without a gain left a curve is there at once or never
        return np.where(self.a > 0, np.where(np.isnan(found), np.inf, found), flat)


def least_squares(sizes: Array, errors: Array, weights: Array, form: Form = "power") -> Laws:
    """The curves that fit best.

    Args:
        sizes: numbers of rows, shape (M,); errors: of each curve, shape (R, M); weights: of each size, shape (M,).
        form: `power` the whole law, `pure` without c, `flat` a constant.
    """
    largest = float(sizes.max())
    if form == "flat":
        level = np.maximum(errors @ weights / weights.sum(), 0.0)
        misfit = ((errors - level[:, None]) ** 2) @ weights
        return Laws(np.zeros(len(errors)), np.ones(len(errors)), level, largest, misfit)
    shape = (sizes[None, :] / largest) ** -_STEEP[:, None]  # (G, M)
    misfit = _line(shape[None], errors[:, None], weights, form)[2]
    steep = _between(misfit)
    a, c, misfit = (part[:, 0] for part in _line(_powers(sizes / largest, steep), errors[:, None], weights, form))
    return Laws(a, steep, c, largest, misfit)


def _powers(times: Array, steep: Array) -> Array:
    """Powers of sizes (M,) by an exponent for each curve, shape (R, 1, M)."""
    return np.asarray(times[None, None, :] ** -steep[:, None, None])


def _between(misfit: Array) -> Array:
    """The exponent of the least misfit, (R, G) by those that were tried: where a parabola through the best and its
    neighbours has its foot, shape (R,)."""
    each, best = np.arange(len(misfit)), np.clip(misfit.argmin(axis=1), 1, len(_STEEP) - 2)
    left, middle, right = (misfit[each, best + step] for step in (-1, 0, 1))
    bend = left - 2 * middle + right
    moved = np.where(bend > 0, (left - right) / np.where(bend > 0, 2 * bend, 1.0), 0.0)
    return np.asarray(_STEEP[best] * (_STEEP[1] / _STEEP[0]) ** np.clip(moved, -1, 1))


def _line(shape: Array, errors: Array, weights: Array, form: Form) -> tuple[Array, Array, Array]:
    """Slope a, height c, neither below 0, and weighted sum of squares of lines over powers, each of shape (R, G).

    Args:
        shape: powers of the sizes, (1 or R, G, M); errors: (R, 1, M); weights: (M,).
    """
    total, heights, first = weights.sum(), errors @ weights, shape @ weights
    second, once = (shape**2) @ weights, len(shape) == 1
    mixed = (errors[:, 0] * weights) @ shape[0].T if once else (errors * shape) @ weights
    a, c = np.maximum(mixed / second, 0.0), np.zeros_like(mixed)
    if form == "power":
        slope = (mixed * total - heights * first) / (second * total - first**2)
        height = (heights - slope * first) / total
        level = np.maximum(np.broadcast_to(heights / total, slope.shape), 0.0)
        a = np.where(height < 0, a, np.maximum(slope, 0.0))
        c = np.where(height < 0, 0.0, np.where(slope < 0, level, height))
    squares = (errors**2) @ weights - 2 * a * mixed - 2 * c * heights
    return a, c, np.maximum(squares + a**2 * second + 2 * a * c * first + c**2 * total, 0.0)


@dataclass(frozen=True)
class Measured:
    """Errors of some sizes by several seeds.

    Attributes:
        sizes: numbers of rows, ascending, shape (M,); errors: of each seed, shape (M, S).
        drawn: what other validation rows would have added to the mean of each size, shape (D, M); None where that is
            not known.
    """

    sizes: Array
    errors: Array
    drawn: Array | None = None

    @property
    def mean(self) -> Array:
        """Mean error of each size, shape (M,)."""
        return np.asarray(self.errors.mean(axis=1))

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the variance between seeds; 0 where there is but one."""
        return int(self.errors.shape[0] * (self.errors.shape[1] - 1))

    def variance(self) -> Array:
        """Variance of each size's mean by the chance of seeds, shape (M,); with one seed by what the law leaves."""
        seeds = self.errors.shape[1]
        if seeds > 1:
            own = self.errors.var(axis=1, ddof=1)
            found = (own * (seeds - 1) + own.mean() * _PRIOR) / (seeds - 1 + _PRIOR) / seeds
        else:
            left = least_squares(self.sizes, self.errors.T, np.ones(len(self.sizes))).misfit[0]
            found = np.full(len(self.sizes), left / max(len(self.sizes) - 3, 1))
        return np.asarray(np.maximum(found, _LEAST**2))

    def intervals(self, level: float, *, draws: int = DRAWS, seed: int = 0) -> Array:
        """Ends of the interval of each mean, by the chance of seeds and of validation rows, shape (M, 2)."""
        random, size = np.random.default_rng(seed), (draws, len(self.sizes))
        drawn = random.standard_t(max(self.freedom, 1), size=size) * np.sqrt(self.variance()) + self.mean
        if self.drawn is not None:
            drawn = drawn + self.drawn[random.integers(len(self.drawn), size=draws)]
        return np.asarray(np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0).T)

    def without_largest(self) -> Measured:
        """All sizes but the largest."""
        return Measured(self.sizes[:-1], self.errors[:-1], None if self.drawn is None else self.drawn[:, :-1])


@dataclass(frozen=True)
class Fit:
    """A law with what is not known of it.

    Attributes:
        law: of the means, R = 1; draws: of drawn ones. level: of the intervals.
    """

    law: Laws
    draws: Laws
    level: float = LEVEL
    form: Form = field(default="power")

    def at(self, rows: float) -> tuple[float, float, float]:
        """Error at so many rows, and the ends of its interval."""
        low, high = np.quantile(self.draws.at(rows)[:, 0], self._ends)
        return float(self.law.at(rows)[0, 0]), float(low), float(high)

    def ceiling(self) -> tuple[float, float, float]:
        """The error that no number of rows takes away, and the ends of its interval."""
        low, high = np.quantile(self.draws.c, self._ends)
        return float(self.law.c[0]), float(low), float(high)

    def rows_for(self, error: float) -> tuple[float, float, float]:
        """Rows for an error by the law, as `at` has it, and the ends of its interval; each may be infinite."""
        value, found = float(self.law.rows_for(error)[0]), np.sort(self.draws.rows_for(error))
        low, high = (float(found[round(share * (len(found) - 1))]) for share in self._ends)
        return value, min(low, value), max(high, value)

    @property
    def _ends(self) -> tuple[float, float]:
        return (1 - self.level) / 2, (1 + self.level) / 2


def fit(given: Measured, form: Form = "power", *, draws: int = DRAWS, level: float = LEVEL, seed: int = 0) -> Fit:
    """The law of some sizes, and those of curves that chance might have shown as well."""
    random, variance = np.random.default_rng(seed), given.variance()
    law = least_squares(given.sizes, given.mean[None, :], 1 / variance, form)
    spare = len(given.sizes) - {"power": 3, "pure": 2, "flat": 1}[form]
    if given.freedom and spare > 0:  # with one seed the variance is what the law leaves, already
        variance = variance * max(1.0, float(law.misfit[0]) / spare)
    freedom = max(given.freedom, 1) if given.freedom else max(spare, 1)
    drawn = random.standard_t(freedom, size=(draws, len(given.sizes))) * np.sqrt(variance) + given.mean
    if given.drawn is not None:
        drawn = drawn + given.drawn[random.integers(len(given.drawn), size=draws)]
    return Fit(law, least_squares(given.sizes, drawn, 1 / variance, form), level, form)


@dataclass(frozen=True)
class Check:
    """What a fit to all sizes but the largest says of that one.

    Attributes:
        foretold, low, high: the error, with the ends of the interval for what was seen; seen: the mean of its seeds.
    """

    form: Form
    foretold: float
    low: float
    high: float
    seen: float

    @property
    def held(self) -> bool:
        """Whether it lies within the interval."""
        return self.low <= self.seen <= self.high


def held_out(given: Measured, *, draws: int = DRAWS, level: float = LEVEL, seed: int = 0) -> list[Check]:
    """Every form, fitted without the largest size and asked of it. The interval is that of the mean of as many seeds,
    on the same validation rows: these are no part of the chance."""
    few, seen = given.without_largest(), float(given.mean[-1])
    few, random = Measured(few.sizes, few.errors), np.random.default_rng(seed + 1)
    own, found = np.sqrt(few.variance().mean()), []
    for form in FORMS:
        made = fit(few, form, draws=draws, level=level, seed=seed)
        said = made.draws.at(float(given.sizes[-1]))[:, 0]
        said = said + random.standard_t(max(few.freedom, 1), size=draws) * own
        low, high = np.quantile(said, made._ends)
        found.append(Check(form, float(made.law.at(float(given.sizes[-1]))[0, 0]), float(low), float(high), seen))
    return found


__all__ = [
    "DRAWS",
    "FEWEST",
    "FORMS",
    "LEVEL",
    "Check",
    "Fit",
    "Form",
    "Laws",
    "Measured",
    "fit",
    "held_out",
    "least_squares",
]
