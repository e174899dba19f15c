"""The score from which on answers are sure: chosen so that the accuracy of what is given is bounded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.calibrates import Certain, Covered
from tunebook.core.errors import DataError
from tunebook.stats.bootstrap import Units
from tunebook.stats.intervals import of_right, of_share
from tunebook.stats.selective import area_interval, curve, least_sure

Array = NDArray[Any]
CONFIDENCE = 0.95
_POINTS = 100  # of the curve


def covered(score: Array, right: Array, groups: Array | None, least: float) -> Covered:
    """What is given from a score on.

    Args:
        score, right: of each answer, shape (M,); groups: which were drawn together.
    """
    given, units = score >= least, Units.of(len(score), groups)
    shares, risks = curve(score, right)
    places = np.unique(np.linspace(0, len(score) - 1, min(len(score), _POINTS)).astype(int))
    accuracy = of_share(np.stack([right & given, given], axis=1).astype(float), groups)
    whole = of_right(right.astype(float), groups)
    return Covered(
        given=int(given.sum()),
        answers=len(score),
        coverage=of_right(given.astype(float), groups),
        accuracy=accuracy or whole.model_copy(update={"value": 1.0, "low": 0.0, "high": 1.0}),
        area=area_interval(score, right, units),
        chance=1 - whole.value,
        curve=[(float(shares[place]), float(risks[place])) for place in places],
    )


def certain(
    wanted: float,
    valid: tuple[Array, Array, Array | None],
    test: tuple[Array, Array, Array | None],
    confidence: float = CONFIDENCE,
) -> Certain:
    """The lowest score from which on an accuracy is promised.

    The promise stands on answers that know nothing of each other: where several were drawn together, on one of each
    group, drawn by lot.

    Args:
        valid, test: score and right or wrong of each answer, and which were drawn together; of the validation rows by
            what the other folds chose.

    Raises:
        DataError: `calibrate.accuracy`, no score promises so much.
    """
    score, right = _apart(*valid)
    found = least_sure(score, right, 1 - wanted, 1 - confidence)
    if found is None:
        best = f"{_best(score, right, confidence):.3f}"
        raise DataError(
            "calibrate.accuracy", key="--accuracy", value=wanted, rows=len(score), best=best, allowed=f"0 < … <= {best}"
        )
    return Certain(
        score=found.score,
        wanted=wanted,
        confidence=confidence,
        least=1 - found.bound,
        validation=covered(*valid, found.score),
        test=covered(*test, found.score),
    )


def _apart(score: Array, right: Array, groups: Array | None) -> tuple[Array, Array]:
    """One answer of each group, always the same one; all of them where nothing was drawn together."""
    if groups is None:
        return score, right
    drawn = np.random.default_rng(0).permutation(len(score))
    chosen = np.sort(drawn[np.unique(np.asarray(groups)[drawn], return_index=True)[1]])
    return score[chosen], right[chosen]


def _best(score: Array, right: Array, confidence: float) -> float:
    """The highest accuracy, in steps of a thousandth, that some score promises."""
    low, high = 0, 1000
    while low < high:
        middle = (low + high + 1) // 2
        promised = least_sure(score, right, 1 - middle / 1000, 1 - confidence) is not None
        low, high = (middle, high) if promised else (low, middle - 1)
    return low / 1000


__all__ = ["CONFIDENCE", "certain", "covered"]
