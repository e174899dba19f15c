"""How often one end of an interval errs: for the claim GATE, see `benchmarks/gate.py`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from benchmarks.answers import Latent
from tunebook.stats.degrees_of_freedom import above, seed_weight
from tunebook.stats.gate import MeanSquares, two_way
from tunebook.stats.power import min_detectable
from tunebook.stats.seeds import Blocks, drawn_gains, effect_of_draws
from tunebook.stats.sequential import spent

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


def before(squares: MeanSquares, alpha: float) -> Array:
    """Half of the interval with Satterthwaite's own degrees of freedom, as the gate had it."""
    of_rows = np.maximum(squares.rows - squares.rest, 0.0)
    variance = np.maximum(squares.seeds + of_rows, squares.rows) / (squares.k * squares.n)
    below = squares.seeds**2 / (squares.k - 1) + of_rows**2 / (squares.n - 1)
    df = np.divide((squares.seeds + of_rows) ** 2, below, out=np.zeros_like(below), where=below > 0)
    return np.asarray(stdtrit(np.maximum(df, squares.k - 1), 1 - alpha) * np.sqrt(variance))


def ends(draws: int, rows: int = 1000) -> list[dict[str, Any]]:
    """How often one end of the interval errs where that is worst, before and now, and how often a gain is seen.

    `exact` is the integral over what the seeds show, with very many rows; `simulated` normal layouts of so many rows.
    The gain is the one that is seen now in 80 % of the tests, where the seeds have half of the variance.
    """
    rng, found = np.random.default_rng(2), []
    shares = 1 - np.geomspace(1e-4, 0.99, 200)
    for k in (2, 3, 5, 10):
        for alpha in (0.05, spent(0.05, 3, (3, 5, 10))):
            weights = {"before": 1.0, "now": seed_weight(k, alpha)}
            cell: dict[str, Any] = {"seeds": k, "alpha": alpha, "weight": weights["now"]}
            gain = min_detectable(0.5 * k, 0.5, k, alpha)
            for name, weight in weights.items():
                errors = above(k, alpha, shares, weight)
                share = float(shares[errors.argmax()])
                half = before if name == "before" else MeanSquares.half_width
                mean, squares = _drawn_squares(draws, k, rows, share, rng)
                cell[name] = {
                    "exact": float(errors.max()),
                    "share_of_the_seeds": share,
                    "simulated": float((mean > half(squares, alpha)).mean()),
                    "power": float(above(k, alpha, 0.5, weight, gain)),
                }
            found.append({**cell, "monte_carlo_error": math.sqrt(alpha * (1 - alpha) / draws)})
    return found


def _drawn_squares(draws: int, k: int, n: int, share: float, rng: np.random.Generator) -> tuple[Array, MeanSquares]:
    """Means and mean squares of normal layouts without a gain; seeds have this share of the mean's variance."""
    seeds, rows = (part * rng.chisquare(df, draws) / df * k * n for part, df in ((share, k - 1), (1 - share, n - 1)))
    return rng.standard_normal(draws), MeanSquares(seeds, rows, np.zeros(draws), k, n)


__all__ = ["before", "bootstraps", "ends"]
