"""Pairs of rows that are of one class, or of two, and what such a pair is to learn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch.nn.functional as F  # noqa: N812 - the name that torch's own documentation uses
from numpy.typing import NDArray
from torch import Tensor


def drawn_pairs(classes: NDArray[np.int64], each: int, seed: Sequence[int]) -> NDArray[np.int64]:
    """Numbers of rows in pairs, shape (2 * each * N, 2): of every row `each` with another one of its class, drawn at
    random, and as many with one of another class; the pairs in an order of their own.

    A row that is alone in its class gets another one of another class instead, and where there is but one class, one of
    its own.

    Source: Tunstall et al. 2022 (arXiv:2209.11055), section 3.1.
    """
    draw = np.random.default_rng(seed)
    order, begin, size = _grouped(classes)
    parts = []
    for alike in [True, False] * each:
        own = size > 1 if alike else size == len(classes)
        with_own = fellows(classes, 1 + _below(draw, size - 1))
        with_other = order[(begin + size + _below(draw, len(classes) - size)) % len(classes)]
        parts.append(np.stack([np.arange(len(classes)), np.where(own, with_own, with_other)], axis=1))
    pairs = np.concatenate(parts)
    return pairs[draw.permutation(len(pairs))]


def fellows(classes: NDArray[np.int64], onwards: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each row the number of another one of its class, shape (N,); of one that is alone in its class its own.

    Args:
        onwards: how many rows further in its class that is, from 1 to below the number of its rows; after the last
            comes the first.
    """
    order, begin, size = _grouped(classes)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return order[begin + (place - begin + onwards) % size]


def _grouped(classes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Rows so that those of a class lie together; of each row where its class begins there, and how many it has."""
    order = np.argsort(classes, kind="stable")
    _, group, sizes = np.unique(classes, return_inverse=True, return_counts=True)
    return order, (np.cumsum(sizes) - sizes)[group], sizes[group]


def _below(draw: np.random.Generator, ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """A number from 0 to below each of these ends, shape (N,); 0 where the end is 0."""
    return np.minimum((draw.random(len(ends)) * ends).astype(np.int64), np.maximum(ends - 1, 0))


def cosine_loss(vectors: Tensor, classes: Tensor) -> Tensor:
    """Of pairs of lines that stand one behind the other, each pair's loss (N / 2,): the squared difference of their
    cosine from 1 where both are of one class, else from 0.

    Args:
        vectors: of shape (N, width), N even; classes: of each line, (N,).

    Source: Tunstall et al. 2022 (arXiv:2209.11055), section 3.1, with the loss of sentence-transformers'
    `CosineSimilarityLoss` (Reimers and Gurevych 2019, arXiv:1908.10084, section 3).
    """
    same = (classes[0::2] == classes[1::2]).to(vectors)
    return (F.cosine_similarity(vectors[0::2], vectors[1::2], dim=1) - same).square()


__all__ = ["cosine_loss", "drawn_pairs", "fellows"]
