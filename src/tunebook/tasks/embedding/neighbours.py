"""The classes of the texts that are nearest to a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.tasks.embedding.search import unit

Array = NDArray[Any]
SCALE = 20.0  # what cosines are multiplied by, so that their softmax is a share of each class
_BLOCK = 1 << 24  # cosines that are held at once


def class_scores(asked: Array, known: Array, classes: Array, count: int, own: Array | None = None) -> Array:
    """The cosine of the nearest text of each class, times SCALE: shape (N, C), float32; that of the opposite of a text
    where a class has none.

    The class of the highest one is that of the nearest text of all.

    Args:
        asked, known: vectors, shapes (N, width) and (P, width); classes: of the known ones, shape (P,), below `count`.
        own: the known text that each asked one is itself, which is no neighbour of it, shape (N,); -1 for none.
    """
    first, second = unit(asked), unit(known).T
    parts = [np.zeros((0, count), dtype=np.float32)]
    size = max(1, _BLOCK // max(len(known), 1))
    for start in range(0, len(first), size):
        cosines = first[start : start + size] @ second
        if own is not None:
            there = np.flatnonzero(own[start : start + size] >= 0)
            cosines[there, own[start : start + size][there]] = -1
        parts.append(highest(cosines, classes, count))
    return np.concatenate(parts)


def highest(cosines: Array, classes: Array, count: int) -> NDArray[np.float32]:
    """The highest cosine (N, P) of each class, times SCALE, shape (N, C).

    Args:
        classes: of the P texts, below `count`.
    """
    order = np.argsort(classes, kind="stable")
    there, begins = np.unique(np.asarray(classes)[order], return_index=True)
    found = np.full((len(cosines), count), -SCALE, dtype=np.float32)
    found[:, there] = SCALE * np.maximum.reduceat(cosines[:, order], begins, axis=1)
    return found


def itself(asked: Sequence[str], known: Sequence[str]) -> NDArray[np.int64]:
    """The place of each text among others, shape (N,); -1 for one that is not there."""
    places = {text: place for place, text in enumerate(known)}
    return np.array([places.get(text, -1) for text in asked], dtype=np.int64)


__all__ = ["SCALE", "class_scores", "highest", "itself"]
