"""The passages whose vectors are nearest to those of queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.batch import Batch
from tunebook.core.encoded import Encoded
from tunebook.core.judged import Judged
from tunebook.core.searches import Placed
from tunebook.nets.candidates import PLACE
from tunebook.tasks.embedding.batches import ROW
from tunebook.tasks.ranking.dense import find

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[Any]
MOST = 100  # passages of a query that are told


def nearest(queries: Array, passages: Array, most: int = MOST) -> Judged:
    """The passages with the highest cosine of each query, best first, equal ones by their number.

    Args:
        queries, passages: vectors, shapes (N, width) and (P, width).
    """
    vectors = (unit(queries), unit(passages))
    return find(vectors, Judged.of(np.zeros((len(queries), 1))), most)[0]


def unit(vectors: Array) -> NDArray[np.float32]:
    """Vectors (N, width) of length 1; one of zeros stays."""
    known = np.asarray(vectors, dtype=np.float32)
    made: NDArray[np.float32] = known / np.maximum(np.linalg.norm(known, axis=1, keepdims=True), np.float32(1e-12))
    return made


def vectors_of(vectors: Tensor, batch: Batch) -> Tensor:
    """Vectors (texts, width) of a batch as one line a row, those of its texts one after the other and zeros behind."""
    place, row = batch[PLACE] + 1, batch[ROW]
    out = vectors.new_zeros((int(row.max()) + 1, int(place.max()) + 1, vectors.shape[1]))
    out[row, place] = vectors
    return out.flatten(1)


def gathered(read: NDArray[np.float32], encoded: Encoded, others: Placed | None = None) -> NDArray[np.float32]:
    """What `vectors_of` gave of all rows as answers: the nearest of all passages that are judged for one of them, and
    of others.

    Args:
        encoded: rows, with their judgements as targets.
        others: numbers and vectors of passages that are judged for none of them.
    """
    judged = Judged.of(encoded.targets)
    vectors = read.reshape(len(encoded), int(judged.counts.max()) + 1, -1)
    numbers, first = np.unique(judged.passage, return_index=True)
    passages = vectors[judged.row[first], judged.places[first] + 1]
    if others is not None:
        numbers, passages = np.append(numbers, others[0]), np.concatenate([passages, others[1]])
        order = np.argsort(numbers)  # equal scores stand by the number of the passage
        numbers, passages = numbers[order], passages[order]
    found = nearest(vectors[:, 0], passages)
    told: NDArray[np.float32] = Judged(found.row, numbers[found.passage], found.value, found.rows).matrix(np.float32)
    return told


__all__ = ["MOST", "gathered", "nearest", "unit", "vectors_of"]
