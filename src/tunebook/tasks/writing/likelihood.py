"""How likely the true answers are to a model that is shown them: by token, and by character, so that models with other
tokenizers can be compared.

A run without a model is as good as one that draws each character of the true answer from all of Unicode.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval, Labels
from tunebook.core.written import Written
from tunebook.tasks.writing.texts import checked, lost_rows

Array = NDArray[Any]
GUESS = math.log(0x110000)  # nats of one character of Unicode that nothing is known of
_MOST = 700.0  # nats whose exponential is a float64


def losses(answers: Array, targets: Array, labels: Labels) -> Array:
    """Of each row the nats that its true answer costs, its tokens with the one that ends it, the tokens that the model
    would have said, and the characters that those tokens stand for; shape (N, 4). NaN where nobody was shown it."""
    written = Written.of(checked(answers, targets))
    whole = np.array([len(text) for text in targets.tolist()], dtype=np.float64)
    long = np.where(np.isnan(written.characters), whole, written.characters)
    long[written.tokens == 0] = 0  # nothing of the answer was shown, such as of one that does not fit
    found = np.stack([written.losses, written.tokens, written.right, long], axis=1).astype(np.float64)
    lost = lost_rows(answers)
    guessed = np.maximum(whole, 1)
    found[lost] = np.stack([GUESS * guessed, guessed, np.zeros(len(long)), guessed], axis=1)[lost]
    return found


def log_likelihood(sums: Array) -> Array:
    """Mean log-probability of a token in nats, of sums (..., 4); NaN of no tokens."""
    return -_over(sums[..., 0], sums[..., 1])


def perplexity(sums: Array) -> Array:
    """Among how many equally likely tokens the model chooses, as it were."""
    return np.exp(np.minimum(_over(sums[..., 0], sums[..., 1]), _MOST))


def bits_per_character(sums: Array) -> Array:
    """Bits that a character of the true answer costs; the token that ends the answer is paid for too."""
    return _over(sums[..., 0], sums[..., 3]) / math.log(2)


def next_token_accuracy(sums: Array) -> Array:
    """Share of the true answer's tokens that the model would have said, shown all before them."""
    return _over(sums[..., 2], sums[..., 1])


def _over(part: Array, whole: Array) -> Array:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan)


def likelihood_ends(parts: Array, groups: Array | None) -> Interval | None:
    """Interval of the mean log-probability."""
    return _ratio(-parts[:, 0], parts[:, 1], groups)


def perplexity_ends(parts: Array, groups: Array | None) -> Interval | None:
    """Of the perplexity, which follows the mean loss."""
    found = _ratio(parts[:, 0], parts[:, 1], groups)
    if found is None:
        return None
    low, value, high = (math.exp(min(end, _MOST)) for end in (found.low, found.value, found.high))
    return Interval(value=value, low=low, high=high)


def bits_ends(parts: Array, groups: Array | None) -> Interval | None:
    """Of the bits a character."""
    return _ratio(parts[:, 0] / math.log(2), parts[:, 3], groups)


def accuracy_ends(parts: Array, groups: Array | None) -> Interval | None:
    """Of the share of tokens that are right."""
    from tunebook.stats.intervals import of_share

    return None if np.isnan(parts).any() else of_share(parts[:, 2:0:-1], groups)


def ratio_ends(parts: Array, groups: Array | None) -> Interval | None:
    """Of a sum over another, (N, 2)."""
    return _ratio(parts[:, 0], parts[:, 1], groups)


def _ratio(part: Array, whole: Array, groups: Array | None) -> Interval | None:
    from tunebook.stats.intervals import of_ratio

    both = np.stack([part, whole], axis=1)
    return None if np.isnan(both).any() else of_ratio(both, groups)


__all__ = [
    "GUESS", "accuracy_ends", "bits_ends", "bits_per_character", "likelihood_ends", "log_likelihood", "losses",
    "next_token_accuracy", "perplexity", "perplexity_ends", "ratio_ends",
]  # fmt: skip
