"""Simulated answers of two tables, or of several against one, for claims about the gate.

Row i has a difficulty that both arms share, each arm finds some rows easier or harder than the other arm does (the same
in all its seeds), each seed moves the whole arm, and each answer has a chance of its own:

    right[arm, seed, i]  <=>  level[arm] + c[arm, seed] + d[i] + x[arm, i] + e[arm, seed, i] > 0,  all of them normal

Accuracy is about .85; the variances of d, x and e are .93, .025 and .045, so that two runs differ in about 7 % of the
rows. `seed_sd` is the standard deviation over seeds of a run's accuracy over all rows that there could be; the seeds of
the two arms move apart from each other, which is the hardest case for a paired test.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Array = NDArray[Any]
LEVEL, SHARED, ARM, OWN = float(ndtri(0.85)), 0.93, 0.025, 0.045
SLOPE = math.exp(-LEVEL * LEVEL / 2) / math.sqrt(2 * math.pi)  # accuracy gained a unit of the level


@dataclass(frozen=True)
class Latent:
    """What decides the answers but for the level: d + x + e (draws, arms, K, N), c (draws, arms, K) of variance 1."""

    rest: Array
    seed: Array

    @staticmethod
    def draw(draws: int, seeds: int, rows: int, rng: np.random.Generator, arms: int = 2) -> Latent:
        """So many repetitions of the whole test; of several arms the first is A, and all others are held against it."""

        def normal(variance: float, *shape: int) -> Array:
            return rng.standard_normal((draws, *shape), dtype=np.float32) * np.float32(math.sqrt(variance))

        rest = normal(OWN, arms, seeds, rows)
        rest += normal(ARM, arms, 1, rows)
        rest += normal(SHARED, 1, 1, rows)
        return Latent(rest, rng.standard_normal((draws, arms, seeds)))

    def right(self, seed_sd: float, gain: float) -> Array:
        """Whether each answer is right (draws, arms, K, N), where the accuracy of all arms but A is A's + gain over all
        rows and seeds."""
        wide = seed_sd / SLOPE
        whole = math.sqrt(1 + wide * wide)
        of_b = float(ndtri(ndtr(LEVEL / whole) + gain)) * whole
        others = self.seed.shape[1] - 1
        level = np.array([LEVEL, *[of_b] * others])[:, None] + wide * self.seed
        return self.rest > -level[..., None].astype(np.float32)


__all__ = ["Latent"]
