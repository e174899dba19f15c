"""What models say of two answers, packed as matrices (N, 6) of floats, one line a row: three figures of the better
answer, then those of the worse one; zeros where there is no such answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIGURES = 3  # of an answer: sum of its tokens' log-probabilities, number of tokens, the sum by the model before
BETTER, WORSE = 0, 1
Array = NDArray[Any]


@dataclass(frozen=True)
class Told:
    """What is said of N rows, each of shape (N, 2): of the better and the worse answer.

    Attributes:
        logs: sum of the log-probabilities of an answer's tokens, in nats; before: the same by the model before.
        tokens: number of tokens that were read of it; 0 where there is no answer, or none was read.
    """

    logs: Array
    tokens: Array
    before: Array

    @classmethod
    def of(cls, answers: Array) -> Told:
        """From a matrix (N, 6)."""
        sides = np.asarray(answers, dtype=np.float64)[:, : 2 * FIGURES].reshape(len(answers), 2, FIGURES)
        return cls(sides[..., 0], sides[..., 1], sides[..., 2])

    @property
    def gained(self) -> Array:
        """How much likelier answers have become, in nats: the reward of DPO without its factor beta; shape (N, 2)."""
        return self.logs - self.before

    @property
    def mean(self) -> Array:
        """Log-probability of a token on average, shape (N, 2); 0 where there is none."""
        return self.logs / np.maximum(self.tokens, 1)

    def matrix(self) -> NDArray[np.float32]:
        """The matrix (N, 6)."""
        sides = np.stack([self.logs, self.tokens, self.before], axis=2)
        return sides.reshape(len(sides), 2 * FIGURES).astype(np.float32)


def there(targets: Array) -> Array:
    """Which of a row's answers there are, shape (N, 2): of targets as texts, empty for none."""
    found: Array = np.asarray(targets) != ""
    return found


__all__ = ["BETTER", "FIGURES", "WORSE", "Told", "there"]
