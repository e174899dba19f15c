"""The texts of answers beside the true ones, and which rows a score can say something of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Labels
from tunebook.core.written import FIGURES, Written

Array = NDArray[Any]


@dataclass(frozen=True)
class Texts:
    """What was written and what is true.

    Attributes:
        said, true: a text each row; nothing is said where a run has no model.
        lost: rows of a run without a model, which are wrong; shape (N,).
        unasked: rows of a model that was only shown the true answer, of which no score of texts is known; (N,).
    """

    said: list[str]
    true: list[str]
    lost: NDArray[np.bool_]
    unasked: NDArray[np.bool_]

    @classmethod
    def of(cls, answers: Array, targets: Array) -> Texts:
        """From answers (N, k) as `Written.matrix` packs them, and targets (N,).

        Raises:
            ValueError: the rows are not the same, or the answers are no such matrix.
        """
        answers = checked(answers, targets)
        lost = lost_rows(answers)
        written = Written.of(answers)
        return cls(list(written.texts), [str(text) for text in targets.tolist()], lost, np.isnan(written.made) & ~lost)

    def sums(self, parts: Array, lost: float | None = None) -> Array:
        """What each row adds, (N, ...): NaN where it was not asked.

        Args:
            lost: what a row without a model adds; None for what an empty text does.
        """
        if lost is not None and self.lost.any():
            parts = np.where(self.lost.reshape(-1, *[1] * (parts.ndim - 1)), lost, parts)
        if not self.unasked.any():
            return parts
        found = np.array(parts, dtype=np.float64)
        found[self.unasked] = np.nan
        return found


def checked(answers: Array, targets: Array) -> Array:
    """Answers that may be scored against these targets. Raises a ValueError for others."""
    if answers.ndim != 2 or answers.shape[1] <= FIGURES or targets.shape != answers.shape[:1] or not len(answers):
        raise ValueError(f"answers of shape {answers.shape} and targets of shape {targets.shape} cannot be scored")
    return answers


def characters_read(tokens: Sequence[int], tokenizer: Any) -> int:
    """Characters that learnt tokens stand for, without those that end them: losses by characters are over these, of an
    answer that lost its end too."""
    return len(tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def lost_rows(answers: Array) -> NDArray[np.bool_]:
    """Rows of a run without a model, shape (N,)."""
    return np.asarray(np.isnan(answers[:, : FIGURES + 1]).all(axis=1))


def by_row(score: Callable[[str, str], float]) -> Callable[[Array, Array, Labels], Array]:
    """What each row adds to a metric that is the mean of a score of what is said and what is true, (N,); 0 of a row
    without a model."""

    def rows(answers: Array, targets: Array, labels: Labels) -> Array:
        texts = Texts.of(answers, targets)
        known = zip(texts.said, texts.true, texts.lost | texts.unasked, strict=True)
        return texts.sums(np.array([0.0 if blind else score(said, true) for said, true, blind in known]))

    return rows


__all__ = ["Texts", "by_row", "characters_read", "checked", "lost_rows"]
