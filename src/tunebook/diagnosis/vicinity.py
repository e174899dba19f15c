"""How rows lie to the training rows: the nearest ones of each, and how far off a row is from all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Interval
from tunebook.diagnosis.reading import halves
from tunebook.diagnosis.records import Near, Strangeness

if TYPE_CHECKING:
    from tunebook.diagnosis.looked import Looked

Array = NDArray[Any]
NEIGHBOURS = 10
BEYOND = 0.95
_SHOWN, _BLOCK, _MOST = 3, 512, 3000


@dataclass(frozen=True)
class Vicinity:
    """Where rows lie.

    Attributes:
        places, likeness: numbers of the nearest training rows of each row and their cosines, shape (N, k), nearest
            first.
        distance: one less the mean cosine to the nearest ones, shape (N,).
        rank: share of the training rows (of 3,000 of them, where there are more) whose own distance, to all other
            training rows, is smaller, shape (N,).
    """

    places: NDArray[np.int64]
    likeness: Array
    distance: Array
    rank: Array

    @classmethod
    def of(cls, vectors: Array, known: Array, neighbours: int = NEIGHBOURS) -> Vicinity:
        """Of vectors (N, D) among those of training rows (M, D), all of length 1; M is 2 at least."""
        places, likeness = nearest(vectors, known, neighbours)
        few = np.random.default_rng(0).permutation(len(known))[:_MOST]
        own = nearest(known[few], known, neighbours + 1)[1][:, 1:]  # the nearest of all is the row itself
        apart = np.sort(1 - own.mean(1))
        distance = 1 - likeness[:, : own.shape[1]].mean(1)
        return cls(places, likeness, distance, np.searchsorted(apart, distance) / len(apart))


def nearest(vectors: Array, known: Array, count: int) -> tuple[NDArray[np.int64], Array]:
    """Numbers (N, k) and cosines (N, k) of the nearest of `known` (M, D), nearest first; k is `count`, or M."""
    count = min(count, len(known))
    places, likeness = np.zeros((len(vectors), count), dtype=np.int64), np.zeros((len(vectors), count))
    for start in range(0, len(vectors), _BLOCK):
        found = vectors[start : start + _BLOCK] @ known.T
        first = np.argpartition(-found, count - 1, axis=1)[:, :count]
        cosines = np.take_along_axis(found, first, axis=1)
        order = np.argsort(-cosines, axis=1, kind="stable")
        places[start : start + _BLOCK] = np.take_along_axis(first, order, axis=1)
        likeness[start : start + _BLOCK] = np.take_along_axis(cosines, order, axis=1)
    return places, likeness


def vicinity(looked: Looked) -> Vicinity | None:
    """Of the rows of the split among the training rows, by the run's own encoder; None where there are too few."""
    known = looked.features("train")
    return Vicinity.of(looked.features(looked.split), known) if len(known) > 1 else None


def near_rows(looked: Looked, lie: Vicinity, rows: Sequence[int]) -> list[list[Near]]:
    """The nearest training rows of some rows."""
    train = looked.load("train")
    assert train.targets is not None
    told = looked.task.true(train.targets, train, looked.labels)
    return [
        [
            Near(
                row=str(train.ids[place]),
                text=train.texts[place],
                label=looked.task.shown(told[place]),
                likeness=float(cosine),
            )
            for place, cosine in zip(lie.places[row, :_SHOWN].tolist(), lie.likeness[row], strict=False)
        ]
        for row in rows
    ]


def strangeness(looked: Looked, lie: Vicinity) -> Strangeness:
    """Whether rows that are far from all training rows are wrong more often."""
    return Strangeness(
        neighbours=min(NEIGHBOURS, lie.places.shape[1]),
        auc=area(lie.distance, looked.wrong, looked.units.codes),
        beyond=halves(looked, "strange", lie.rank > BEYOND),
    )


def area(scores: Array, yes: Array, groups: Array | None) -> Interval | None:
    """Probability that a row with `yes` has the larger score, with its interval; None where all or none have it."""
    from tunebook.stats.intervals import of_area
    from tunebook.stats.ranking import Compared, single_label_auc

    if yes.all() or not yes.any():
        return None
    both = np.stack([np.zeros(len(scores)), scores], axis=1)
    return of_area(Compared(single_label_auc, both, yes.astype(np.int64)), groups)


__all__ = ["BEYOND", "NEIGHBOURS", "Vicinity", "area", "near_rows", "nearest", "strangeness", "vicinity"]
