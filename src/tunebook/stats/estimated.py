"""How many answers are right, told from their probabilities alone, with what is not known of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.stats.calibration import sigmoid

Array = NDArray[Any]
_DRAWS, _ROWS = 400, 2000  # of the rows that calibrate, and how many of these count
_STEPS = 12  # of Newton; the curve has two numbers
_NEAR = 1e-6  # probabilities are kept so far from 0 and 1
_PRIOR = 1.0  # rows' worth of belief that a probability means what it says


@dataclass(frozen=True)
class Calibrator:
    """The share of right answers at a probability: sigmoid(a + b · logit), of which several draws are known.

    Attributes:
        curves: a and b, the fit first and then those of rows that were drawn again, shape (1 + draws, 2).
    """

    curves: Array

    @classmethod
    def of(cls, confidence: Array, right: Array, seed: int = 0) -> Calibrator:
        """From probabilities (N,) of answers and whether these were right (N,), of rows that no training has seen.

        With a ridge of one row that pulls towards a = 0, b = 1, so that rows which are all right still give a curve.

        Source: Platt, Probabilistic outputs for support vector machines, 1999; the draws are Efron's bootstrap.
        """
        rng = np.random.default_rng(seed)
        keep = rng.permutation(len(confidence))[:_ROWS]
        x, y = logits(np.asarray(confidence)[keep]), np.asarray(right, np.float64)[keep]
        drawn = rng.multinomial(len(x), np.full(len(x), 1 / len(x)), size=_DRAWS) if len(x) else np.zeros((_DRAWS, 0))
        weights = np.concatenate([np.ones((1, len(x))), drawn])
        # One pass of all rows counts as all of them where only some were kept.
        return cls(_fitted(x, y, weights * (len(confidence) / max(1, len(x)))))

    def shares(self, confidence: Array) -> Array:
        """Calibrated probabilities of answers (M,), by each curve, shape (1 + draws, M)."""
        return sigmoid(self.curves[:, :1] + self.curves[:, 1:] * logits(np.asarray(confidence))[None, :])


def estimated_accuracy(calibrator: Calibrator, confidence: Array, level: float = 0.95, seed: int = 1) -> Interval:
    """The share of these answers (M,) that is right, if a probability still means what it meant on the rows that it was
    calibrated on: new texts may be harder, but not so that the model errs without noticing.

    Its interval holds both what the calibration leaves open (curves of rows that were drawn again) and chance (right
    answers drawn from their probabilities).

    Source: the estimate is that of Garg et al., Leveraging unlabeled data to predict out-of-distribution performance,
    2022, section 2 (average confidence), with calibrated probabilities.

    Raises:
        ValueError: there is no answer.
    """
    known = np.asarray(confidence, np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        raise ValueError("no answers")
    shares = calibrator.shares(known)
    rng = np.random.default_rng(seed)
    spread = np.sqrt((shares[1:] * (1 - shares[1:])).sum(1)) / len(known)
    drawn = shares[1:].mean(1) + spread * rng.standard_normal(len(spread))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    value = float(shares[0].mean())
    return Interval(value=value, low=float(max(0.0, min(low, value))), high=float(min(1.0, max(high, value))))


def logits(shares: Array) -> Array:
    """Log-odds of probabilities."""
    kept = np.clip(np.asarray(shares, np.float64), _NEAR, 1 - _NEAR)
    return np.asarray(np.log(kept / (1 - kept)))


def _fitted(x: Array, y: Array, weights: Array) -> Array:
    """Logistic regressions of y on x with these weights (K, N), by Newton's method; (K, 2)."""
    curves = np.tile([0.0, 1.0], (len(weights), 1))
    for _ in range(_STEPS):
        said = sigmoid(curves[:, :1] + curves[:, 1:] * x)
        off, bend = weights * (said - y), weights * said * (1 - said)
        slope = np.stack([off.sum(1) + _PRIOR * curves[:, 0], off @ x + _PRIOR * (curves[:, 1] - 1)], axis=1)
        a, b, d = bend.sum(1) + _PRIOR, bend @ x, bend @ x**2 + _PRIOR
        size = a * d - b * b
        step = np.stack([d * slope[:, 0] - b * slope[:, 1], a * slope[:, 1] - b * slope[:, 0]], axis=1) / size[:, None]
        curves = curves - np.clip(step, -2.0, 2.0)
    return np.asarray(curves)


__all__ = ["Calibrator", "estimated_accuracy", "logits"]
