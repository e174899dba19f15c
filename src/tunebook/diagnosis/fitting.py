"""How well a run has learnt its training rows, and whether others do better with the same rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.diagnosis.better import p_of_less
from tunebook.diagnosis.noise_rate import rates
from tunebook.diagnosis.seen import Seen


@dataclass(frozen=True)
class Fitting:
    """What is known of a training.

    Attributes:
        learnt: how wrong the run is on training rows, 0 to 1; judged: on the split; noise: share of wrong training
            labels, which no run should learn.
        gain: share of the errors that a probe of the frozen base model does not make; p_value: that it makes as many.
        probe: how wrong that is.
    """

    learnt: float
    judged: float
    noise: float
    gain: Interval
    p_value: float
    probe: float

    @property
    def unlearnt(self) -> float:
        """How wrong it is on training rows beyond wrong labels."""
        return max(self.learnt - self.noise, 0.0)


def fitting(seen: Seen) -> Fitting:
    """Ask a run for training rows, and a probe for the split."""
    wrong = seen.probe_wrong
    _, noise = rates(seen)
    rate = noise.rate.value if noise.p_value <= 0.01 else 0.0
    return Fitting(
        learnt=float(seen.train_mass.mean()),
        judged=float(seen.mass.mean()),
        noise=rate,
        gain=seen.share(seen.mass - wrong),
        p_value=p_of_less(seen.mass, wrong),
        probe=float(wrong.mean()),
    )


def losses(history: list[dict[str, float]], name: str) -> NDArray[np.float64]:
    """What was logged under a name, in its order."""
    return np.array([entry[name] for entry in history if name in entry], dtype=np.float64)


__all__ = ["Fitting", "fitting", "losses"]
