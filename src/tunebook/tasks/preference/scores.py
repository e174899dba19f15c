"""How well a model tells better answers from worse ones, and what became of the answers themselves.

An answer's reward is how much likelier it has become, in nats: that of DPO without its factor beta, so that runs of
unlike beta compare. A row with one answer is right where a good one has become likelier, or a bad one less likely.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.metric import Metric
from tunebook.core.nouns import Interval, Labels
from tunebook.tasks.preference.told import BETTER, WORSE, Told, there

Array = NDArray[Any]


def right(answers: Array, targets: Array, labels: Labels) -> Array:
    """Of each row 1 where it is told rightly, 0.5 where nothing is told, else 0; shape (N,)."""
    return _right(Told.of(answers).gained, targets)


def _right(values: Array, targets: Array) -> Array:
    """The same of the values (N, 2) of its answers."""
    sides: Array = np.where(there(targets), values, 0.0)
    margin: Array = sides[:, BETTER] - sides[:, WORSE]
    return np.where(np.isnan(margin), 0.0, np.where(margin == 0, 0.5, margin > 0))


def pairs(targets: Array) -> Array:
    """Which rows have both answers, shape (N,)."""
    found: Array = np.asarray(there(targets).all(axis=1))
    return found


def _by_itself(answers: Array, targets: Array, labels: Labels) -> Array:
    """Pairs that the likelihood of a token alone tells rightly, and pairs, (N, 2)."""
    both = pairs(targets)
    return np.stack([np.where(both, _right(Told.of(answers).mean, targets), 0.0), both], axis=1)


def _short(answers: Array, targets: Array, labels: Labels) -> Array:
    """Of pairs whose better answer has fewer tokens: those that are told rightly, and all; (N, 2)."""
    told = Told.of(answers)
    short = pairs(targets) & (told.tokens[:, BETTER] < told.tokens[:, WORSE])
    return np.stack([np.where(short, _right(told.gained, targets), 0.0), short], axis=1)


def _rewards(answers: Array, targets: Array, labels: Labels) -> Array:
    """Rewards of the better answer and whether it was read, then of the worse one, (N, 4)."""
    told = Told.of(answers)
    known, gained = there(targets) & (told.tokens > 0), np.nan_to_num(told.gained)
    return np.stack(
        [part[:, side] for side in (BETTER, WORSE) for part in (np.where(known, gained, 0.0), known)], axis=1
    )


def _likelihood(answers: Array, targets: Array, labels: Labels) -> Array:
    """Sum of the log-probabilities of better answers that were read, and their tokens, (N, 2)."""
    told = Told.of(answers)
    logs = np.where(told.tokens > 0, told.logs, 0.0)
    return np.asarray(np.nan_to_num(np.stack([logs[:, BETTER], told.tokens[:, BETTER]], axis=1)))


def _share(sums: Array, first: int = 0) -> Array:
    """One sum over the next; NaN where that is 0."""
    part, whole = np.asarray(sums[..., first], dtype=np.float64), np.asarray(sums[..., first + 1], dtype=np.float64)
    found: Array = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)
    return found


def _margin(sums: Array) -> Array:
    return np.asarray(_share(sums) - _share(sums, 2))


def _ratio(first: int = 0) -> Callable[[Array, Array | None], Interval | None]:
    def interval(sums: Array, groups: Array | None) -> Interval | None:
        from tunebook.stats.intervals import of_ratio

        return of_ratio(sums[:, first : first + 2], groups)

    return interval


def _part(sums: Array, groups: Array | None) -> Interval | None:
    from tunebook.stats.intervals import of_share

    return of_share(sums, groups)


def _mean(values: Array, groups: Array | None) -> Interval:
    """Of a mean of halves and wholes; as a share where there are no halves, whose variance may be 0."""
    from tunebook.stats.intervals import of_mean, of_right

    if np.isin(values, (0, 1)).all():
        return of_right(values, groups)
    found = of_mean(values, groups)
    return found.model_copy(update={"low": max(found.low, 0.0), "high": min(found.high, 1.0)})


_OWN: dict[str, Any] = {"unit": "own", "low": -math.inf, "high": math.inf}
METRICS = (
    Metric("preference_accuracy", right, interval=_mean),
    Metric("reward_margin", _rewards, _margin, **_OWN),
    Metric("likelihood_accuracy", _by_itself, _share, interval=_part),
    Metric("short_accuracy", _short, _share, interval=_part),
    Metric("chosen_reward", _rewards, _share, interval=_ratio(), **_OWN),
    Metric("rejected_reward", _rewards, partial(_share, first=2), interval=_ratio(2), **{**_OWN, "better": "less"}),
    Metric("chosen_log_likelihood", _likelihood, _share, interval=_ratio(), **{**_OWN, "high": 0.0}),
)

__all__ = ["METRICS", "pairs", "right"]
