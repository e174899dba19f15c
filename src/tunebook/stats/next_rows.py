"""Which unlabelled rows to label next: the unsure ones, those unlike all that is known, or both at once.

BADGE takes the gradient that the last layer would get of each row, if what the model says of it were true,

    g = (p - y) h^T,        p the chances (K,), y what is said (K,), h what the layer reads (H,),

which is long where the model is unsure, and points elsewhere for other rows; and draws rows as k-means++ draws its
first centres: each by the squared distance to the nearest one that was drawn. Products of two such matrices are those
of their parts, <g, g'> = <p - y, p' - y'> <h, h'>, so that no g is ever written down.

Source: Ash et al. 2020 (arXiv:1906.03671); Arthur and Vassilvitskii 2007 (k-means++); Sener and Savarese 2018
(arXiv:1708.00489) on covering; Scheffer et al. 2001 on the margin.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def margin_doubt(chances: Array) -> Array:
    """How unsure chances (N, K) of one class each are, shape (N,): 1 less the lead of the best over the second."""
    best = np.partition(chances, -2, axis=1)
    return np.asarray(1 - (best[:, -1] - best[:, -2]))


def any_doubt(chances: Array) -> Array:
    """The same of K classes of which a row may have several: that of the class which is least sure."""
    return np.asarray(1 - np.abs(2 * chances - 1).min(axis=1))


def blame(chances: Array, *, several: bool = False) -> Array:
    """p - y of each row, shape (N, K), y being what the chances say: the best class, or all above one half."""
    said = chances > 0.5 if several else np.eye(chances.shape[1])[chances.argmax(axis=1)]
    return np.asarray(chances - said)


def badge(blamed: Array, read: Array, count: int, random: np.random.Generator) -> tuple[Array, Array]:
    """Rows that are drawn by k-means++ over gradients of the last layer, the first by its length.

    Args:
        blamed: p - y, shape (N, K); read: h, shape (N, H). count: rows to draw, at most N.

    Returns:
        places in the order of drawing, and the squared distance of each to what was drawn before it.
    """
    lengths = (blamed**2).sum(axis=1) * (read**2).sum(axis=1)
    left, chosen, far = lengths.copy(), np.empty(count, dtype=np.int64), np.empty(count)
    for place in range(count):
        drawn = _by_weight(left, chosen[:place], random)
        chosen[place], far[place] = drawn, left[drawn]
        product = (blamed @ blamed[drawn]) * (read @ read[drawn])
        apart = np.maximum(lengths + lengths[drawn] - 2 * product, 0.0)
        left = np.minimum(left, apart)
        left[drawn] = 0.0
    return chosen, far


def _by_weight(weights: Array, chosen: Array, random: np.random.Generator) -> int:
    """A place drawn by its weight; by chance among those not chosen yet where no weight is left."""
    total = float(weights.sum())
    if total > 0:
        place = np.searchsorted(np.cumsum(weights), random.random() * total, side="right")
        return min(int(place), len(weights) - 1)
    return int(random.choice(np.setdiff1d(np.arange(len(weights)), chosen)))


def covering(vectors: Array, known: Array, count: int) -> tuple[Array, Array]:
    """Rows each of which is the farthest from all known ones and from those that were taken before it (k-center).

    Args:
        vectors: of the rows, shape (N, H); known: of labelled rows, shape (L, H), where L may be 0.

    Returns:
        places in the order of taking, and the distance of each to the nearest known or taken one; without known rows
        the first is the one nearest to the middle, at distance 0.
    """
    squares = (vectors**2).sum(axis=1)
    left, chosen, far = _nearest(vectors, known), np.empty(count, dtype=np.int64), np.empty(count)
    for place in range(count):
        if not place and not len(known):
            taken, far[place] = int(((vectors - vectors.mean(axis=0)) ** 2).sum(axis=1).argmin()), 0.0
        else:
            taken = int(left.argmax())
            far[place] = np.sqrt(max(float(left[taken]), 0.0))
        chosen[place] = taken
        left = np.minimum(left, np.maximum(squares + squares[taken] - 2 * vectors @ vectors[taken], 0.0))
        left[chosen[: place + 1]] = -1.0
    return chosen, far


def _nearest(vectors: Array, known: Array, block: int = 512) -> Array:
    """Squared distance of each row to the nearest known one; infinite without any."""
    found = np.full(len(vectors), np.inf)
    squares = (vectors**2).sum(axis=1)
    for start in range(0, len(known), block):
        part = known[start : start + block]
        apart = squares[:, None] + (part**2).sum(axis=1)[None, :] - 2 * vectors @ part.T
        found = np.minimum(found, np.maximum(apart.min(axis=1), 0.0))
    return found


__all__ = ["any_doubt", "badge", "blame", "covering", "margin_doubt"]
