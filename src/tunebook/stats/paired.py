"""What is reported beside the gate: flips, McNemar, how often B beats A, how far seeds spread. None of it decides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, ndtri

from tunebook.core.errors import DataError
from tunebook.stats.gate import check_alpha, check_size, finite

Array = NDArray[Any]


@dataclass(frozen=True)
class McNemar:
    """Rows that one run gets right and the other wrong.

    Attributes:
        won: B right, A wrong; lost: the reverse.
        p: exact two-sided p-value for these two runs on other rows; it says nothing of other seeds.
    """

    won: int
    lost: int
    p: float


def mcnemar(a: ArrayLike, b: ArrayLike) -> McNemar:
    """McNemar's exact test of two runs.

    Args:
        a, b: whether each row is right, shape (N,), the same rows. (Of scores between 0 and 1 it is the sign test.)

    Source: McNemar, Psychometrika 12, 1947; the binomial form.

    Raises:
        DataError: other rows, or values that are not numbers.
    """
    won, lost = _flips(*_pair(a, b, dims=1))
    return McNemar(won, lost, float(exact_p(won, lost)))


def exact_p(won: ArrayLike, lost: ArrayLike) -> Array:
    """Two-sided p-value of so many flips in one direction and in the other; numbers or arrays of them."""
    fewer, both = np.minimum(won, lost), np.add(won, lost)
    p: Array = np.minimum(1.0, 2 * bdtr(fewer, both, 0.5))
    return p


def flips(a: ArrayLike, b: ArrayLike) -> tuple[int, int]:
    """How often B is better than A in a row, and worse, counted over all seeds.

    Args:
        a, b: score or right/wrong of each row, shape (K, N), the same seeds and rows.

    Raises:
        DataError: other seeds or rows, or scores that are not numbers.
    """
    return _flips(*_pair(a, b, dims=2))


def p_better(a: ArrayLike, b: ArrayLike) -> float:
    """Share of all pairs of a run of B and a run of A in which B is better; a tie counts half.

    Args:
        a, b: score of each seed, shape (K,); the numbers of seeds may differ.

    Source: Bouthillier et al., Accounting for variance in machine learning benchmarks, 2021.

    Raises:
        PlanError: no seed or a single one of either arm.
        DataError: scores that are not numbers.
    """
    of_a, of_b = finite(a, dims=1), finite(b, dims=1)
    check_size(min(len(of_a), len(of_b)), 2)
    apart = of_b[:, None] - of_a
    return float(((apart > 0) + (apart == 0) / 2).mean())


def seed_sd(scores: ArrayLike) -> float:
    """Standard deviation of one arm's score over its seeds, shape (K,).

    Raises:
        PlanError: fewer than two seeds.
        DataError: scores that are not numbers.
    """
    values = finite(scores, dims=1)
    check_size(len(values), 2)
    return float(values.std(ddof=1))


def aso(a: ArrayLike, b: ArrayLike, *, alpha: float = 0.05, resamples: int = 1000, seed: int = 0) -> float:
    """Almost stochastic order: how far B is from beating A at every quantile of their scores over seeds.

    0: B's scores are higher at every quantile; 1: A's are; below 0.5: B's are almost higher. It is the upper end, wrong
    with probability alpha, of the violation ratio: the share of the squared distance between the two quantile functions
    where A is above B. With five seeds it is rough, and it does not see the rows: a description, not a test.

    Args:
        a, b: score of each seed, shape (K,), as many of A as of B.

    Source: del Barrio, Cuesta-Albertos and Matran, 2018; Dror, Shlomov and Reichart, ACL 2019.

    Raises:
        PlanError: fewer than two seeds, or an alpha outside 0 .. 0.5.
        DataError: another number of seeds, or scores that are not numbers.
    """
    of_a, of_b = _pair(a, b, dims=1)
    check_size(len(of_a), 2)
    check_alpha(alpha)
    rng = np.random.default_rng(seed)
    draws_a, draws_b = (values[rng.integers(len(values), size=(resamples, len(values)))] for values in (of_a, of_b))
    spread = violation(draws_a, draws_b).std()
    return float(np.clip(violation(of_a, of_b) + spread * -ndtri(alpha), 0.0, 1.0))


def violation(a: Array, b: Array) -> Array:
    """Violation ratio of scores (..., K): 0 where B is above A at every quantile, 1 the reverse, 0.5 if they agree."""
    apart = np.sort(b, axis=-1) - np.sort(a, axis=-1)
    below, whole = (np.minimum(apart, 0) ** 2).sum(-1), (apart**2).sum(-1)
    ratio: Array = np.divide(below, whole, out=np.full_like(whole, 0.5), where=whole > 0)
    return ratio


def _pair(a: ArrayLike, b: ArrayLike, dims: int) -> tuple[Array, Array]:
    of_a, of_b = finite(a, dims), finite(b, dims)
    if of_a.shape != of_b.shape:
        raise DataError(
            "stats.shape", key="shape", value=(of_a.shape, of_b.shape), allowed=f"{of_a.shape} = {of_a.shape}"
        )
    return of_a, of_b


def _flips(a: Array, b: Array) -> tuple[int, int]:
    return int((b > a).sum()), int((b < a).sum())


__all__ = ["McNemar", "aso", "exact_p", "flips", "mcnemar", "p_better", "seed_sd", "violation"]
