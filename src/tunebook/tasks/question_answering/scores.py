"""How well answers are found: F1 and exact match, of all questions and of those with and without an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.said import Said
from tunebook.core.extracts import Extract, Place
from tunebook.core.metric import Metric
from tunebook.core.nouns import Interval, Labels
from tunebook.stats.counts import share
from tunebook.tasks.label_metrics import late
from tunebook.tasks.question_answering.rules import by_characters, scored

Array = NDArray[Any]
F1, EXACT = 0, 1


def of_places(places: list[Place | None], targets: Array) -> NDArray[np.float64]:
    """F1 and exact match of one place of each row, or of none, shape (N, 2): by words or by characters, whichever the
    context is written in."""
    found = np.zeros((len(targets), 2))
    for line, place, target in zip(found, places, targets, strict=True):
        true = Extract.of(target)
        answer = "" if place is None else true.context[slice(*place)]
        line[:] = scored(answer, true.answers, characters=by_characters(true.context))
    return found


def both(answers: Array, targets: Array) -> NDArray[np.float64]:
    """F1 and exact match of each row, shape (N, 2); 0 for a row whose answers are no numbers.

    Raises:
        ValueError: the rows are not the same.
    """
    if len(answers) != len(targets):
        raise ValueError(f"answers of shape {answers.shape} and {len(targets)} targets cannot be scored")
    said = Said.of(answers)
    return of_places(said.places(), targets) * np.isfinite(said.margin)[:, None]


def has_answer(targets: Array) -> NDArray[np.bool_]:
    """Whether each question has an answer, shape (N,)."""
    return np.array([bool(Extract.of(target).places) for target in targets], dtype=bool)


def _one(side: int) -> Callable[[Array, Array, Labels], Array]:
    return lambda answers, targets, labels: both(answers, targets)[:, side]


def _parts(answers: Array, targets: Array, labels: Labels) -> Array:
    """F1, exact match and 1 of rows with an answer; those of rows without, shape (N, 6)."""
    whole = np.hstack([both(answers, targets), np.ones((len(targets), 1))])
    there = has_answer(targets)[:, None]
    return np.hstack([whole * there, whole * ~there])


def _share(over: int, below: int) -> Callable[[Array], Array]:
    """A share of sums (..., 6); NaN where there are none of what it is a share of."""
    return lambda sums: np.where(sums[..., below] > 0, share(sums[..., over], sums[..., below]), np.nan)


def _of(over: int, below: int) -> Callable[[Array], Array]:
    return lambda parts: parts[:, [over, below]]


def _mean_or_right(parts: Array, groups: Array | None) -> Interval | None:
    """Interval of a mean of shares; of a share, where each row is right or wrong, as where all are right."""
    found: Interval | None = late("of_mean" if np.any(parts % 1) else "of_right")(parts, groups)
    return found


_f1, _exact = _one(F1), _one(EXACT)
METRICS = (
    Metric("f1", _f1, interval=_mean_or_right),
    Metric("exact_match", _exact, interval=late("of_right")),
    Metric("has_answer_f1", _parts, _share(0, 2), interval=late("of_ratio", _of(0, 2))),
    Metric("has_answer_exact_match", _parts, _share(1, 2), interval=late("of_share", _of(1, 2))),
    Metric("no_answer_accuracy", _parts, _share(4, 5), interval=late("of_share", _of(4, 5))),
)


def best_threshold(answers: Array, targets: Array) -> float:
    """The margin from which on to answer, so that the mean F1 of these rows is highest; of equal ones the nearest to 0.

    Source: Rajpurkar et al. 2018 (arXiv:1806.03822): the threshold is chosen on development rows.
    """
    said = Said.of(answers)
    places = [(int(found[0, 0]), int(found[0, 1])) if len(found) else None for found in said.candidates]
    given = of_places(places, targets)[:, F1]
    none = 1.0 - has_answer(targets)
    order = np.argsort(-said.margin, kind="stable")
    margins = said.margin[order].astype(np.float64)
    gains = np.concatenate([[0.0], np.cumsum((given - none)[order])])
    # Between two margins, or beyond the last; never between equal ones.
    borders = np.concatenate([[margins[0] + 1], (margins[1:] + margins[:-1]) / 2, [margins[-1] - 1]])
    usable = np.concatenate([[True], margins[1:] != margins[:-1], [True]])
    best = usable & (gains >= gains[usable].max() - 1e-9)
    return float(borders[best][np.argmin(np.abs(borders[best]))])


__all__ = ["EXACT", "F1", "METRICS", "best_threshold", "both", "has_answer", "of_places"]
