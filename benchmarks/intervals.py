"""How often one end of an interval errs: for the claim GATE, see `benchmarks/gate.py`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from benchmarks.answers import Latent
from tunebook.stats.gate import MeanSquares, two_way
from tunebook.stats.seeds import Blocks, drawn_gains, effect_of_draws

Array = NDArray[Any]


def bootstraps(
    draws: int, rows: int = 2000, resamples: int = 100, sizes: tuple[int, ...] = (3, 5)
) -> list[dict[str, Any]]:
    """False promotion (true gain 0, delta 0) in macro-F1: our interval, and percentiles of seeds and rows drawn."""
    rng, found = np.random.default_rng(1), []
    for seeds in sizes:
        for seed_sd in (0.0, 0.015):
            corrected = percentile = by_mean = 0
            for number in range(draws):
                right = Latent.draw(1, seeds, rows, rng).right(seed_sd, 0.0)[0]
                score = Blocks(_MacroF1(right, rng.random(rows) < 0.4).of)
                gains, drawn = drawn_gains(score, seeds, rows, resamples=resamples, seed=number)
                corrected += int(effect_of_draws(gains, drawn, rows, 0.05).lower > 0)
                weights = rng.multinomial(seeds, np.full(seeds, 1 / seeds), size=len(drawn)) / seeds
                percentile += int(np.quantile((drawn * weights).sum(1), 0.05) > 0)
                by_mean += int(two_way(right[1].astype(float) - right[0]).lower > 0)
            cell = {"multi_bootstrap": corrected, "plain_percentiles": percentile, "two_way_of_accuracy": by_mean}
            found.append({"seeds": seeds, "rows": rows, "seed_sd": seed_sd, **{k: v / draws for k, v in cell.items()}})
    return found


@dataclass(frozen=True)
class _MacroF1:
    """Macro-F1 of two classes: which answers are right (2, K, N), and which rows are of the second class (N,)."""

    right: Array
    second: Array

    def of(self, arm: int, seed: int, rows: Array) -> Array:
        right, n = self.right[arm, seed], rows.shape[-1]
        hits = [np.count_nonzero((right & part)[rows], axis=-1) for part in (self.second, ~self.second)]
        return sum(2 * hit / (2 * hit + n - sum(hits)) for hit in hits) / 2


def ends(draws: int, rows: int = 1000) -> list[dict[str, Any]]:
    """How often one end of the interval errs, in the worst case of many shares of the variance that seeds may have.

    Beside it the same for an interval that gives each source of variance its own t,
    h^2 = (t(K-1)^2 MSs + t(N-1)^2 x) / (K N), and how much wider that is at its widest.
    """
    rng, found = np.random.default_rng(2), []
    for k in (2, 3, 5, 10):
        wrong, wrong_own, wider = [], [], []
        for of_rows in (0.0, 0.02, 0.05, 0.2):
            for share in (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99):
                mean, squares = _drawn_squares(draws, k, rows, of_rows, share, rng)
                half, own = squares.half_width(0.05), _own_t(squares)
                wrong.append(float((mean > half).mean()))
                wrong_own.append(float((mean > own).mean()))
                wider.append(float(np.median(own) / np.median(half)))
        found.append(
            {"seeds": k, "worst_error": max(wrong), "worst_error_of_own_t": max(wrong_own), "wider": max(wider)}
        )
    return found


def _drawn_squares(
    draws: int, k: int, n: int, of_rows: float, share: float, rng: np.random.Generator
) -> tuple[Array, MeanSquares]:
    """Means and mean squares of normal layouts without a gain; seeds have this share of the mean's variance."""
    rest = 0.08
    of_seeds = share / (1 - share) * (of_rows / n + rest / (k * n)) * k
    expected = (rest + n * of_seeds, k - 1), (rest + k * of_rows, n - 1), (rest, (k - 1) * (n - 1))
    seeds, rows, apart = (mean * rng.chisquare(df, draws) / df for mean, df in expected)
    sd = math.sqrt((expected[0][0] + expected[1][0] - rest) / (k * n))
    return sd * rng.standard_normal(draws), MeanSquares(seeds, rows, apart, k, n)


def _own_t(squares: MeanSquares, alpha: float = 0.05) -> Array:
    of_seeds, of_rows = (stdtrit(count - 1, 1 - alpha) ** 2 for count in (squares.k, squares.n))
    over = np.maximum(squares.rows - squares.rest, 0)
    whole = np.maximum(of_seeds * squares.seeds + of_rows * over, of_rows * squares.rows)
    return np.asarray(np.sqrt(whole / (squares.k * squares.n)))


__all__ = ["bootstraps", "ends"]
