"""Texts that are nearly the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
_BLOCK = 500


def nearest(texts: Sequence[str], others: Sequence[str] | None = None) -> tuple[Array, Array]:
    """Of each text the cosine with the nearest of the others, counts of pieces of three characters, shape (N,), and the
    place of that one. Case, spacing and punctuation say nothing.

    Args:
        others: None for the same texts, each without itself.
    """
    from sklearn.feature_extraction.text import HashingVectorizer

    reads = HashingVectorizer(analyzer="char", ngram_range=(3, 3), n_features=2**18, alternate_sign=False, norm="l2")
    mine = reads.transform([_plain(text) for text in texts])
    theirs = mine if others is None else reads.transform([_plain(text) for text in others])
    likeness, place = np.zeros(len(texts)), np.zeros(len(texts), dtype=np.int64)
    for start in range(0, len(texts), _BLOCK):
        found = (mine[start : start + _BLOCK] @ theirs.T).toarray()
        if others is None:
            found[np.arange(len(found)), start + np.arange(len(found))] = -1.0
        place[start : start + _BLOCK] = found.argmax(1)
        likeness[start : start + _BLOCK] = found.max(1)
    return likeness, place


def _plain(text: str) -> str:
    kept = "".join(letter if letter.isalnum() else " " for letter in text.casefold())
    return f" {' '.join(kept.split())} "


__all__ = ["nearest"]
