"""How vectors lie: whether texts that belong together are near each other, and all others spread out.

Source: Wang and Isola 2020, Understanding contrastive representation learning through alignment and uniformity on the
hypersphere (arXiv:2005.10242), formulas of section 4.1 with alpha = 2 and t = 2, of vectors of length 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.judged import Judged
from tunebook.core.nouns import Labels
from tunebook.tasks.embedding.grades import alike
from tunebook.tasks.embedding.search import unit

Array = NDArray[Any]
Vectors = Callable[[Sequence[str]], Array]
MOST = 500  # pairs, and texts of each side, that are looked at: more take time and hardly move the figures
_WEIGHT = 2.0  # the t of the formula
_BLOCK = 500  # rows of distances that are held at once


def alignment(first: Array, second: Array) -> float:
    """Mean squared distance of pairs of vectors that belong together, shapes (P, width); 0 where they are the same, the
    lower the better.
    """
    return float(np.square(unit(first).astype(np.float64) - unit(second)).sum(1).mean())


def uniformity(vectors: Array) -> float:
    """Logarithm of the mean of exp(-2 d^2) over all pairs of vectors (N, width), d being their distance; 0 where all
    are the same, the lower the more they are spread out."""
    found = unit(vectors).astype(np.float64)
    count, total = len(found), 0.0
    for start in range(0, count, _BLOCK):
        part = found[start : start + _BLOCK]
        squares = np.maximum(2 - 2 * part @ found.T, 0)
        total += float(np.exp(-_WEIGHT * squares).sum())
    own = float(np.exp(-_WEIGHT * np.maximum(2 - 2 * np.square(found).sum(1), 0)).sum())
    return float(np.log((total - own) / (count * (count - 1))))


def space(rows: Rows, labels: Labels, vectors: Vectors) -> dict[str, float]:
    """`alignment` and `uniformity`, and for queries with passages `uniformity_queries` beside that of the passages; of
    what there is too little of nothing.

    Args:
        rows: with their targets and with what is put in front of their texts; at most 500 pairs and 500 texts of
            each side are drawn of them, always the same.
        vectors: of single texts (N,), shape (N, width).
    """
    assert rows.targets is not None
    graded = rows.passages is None
    classes = labels.kind.classes == "one"
    first, second = _of_class(rows) if classes else _graded(rows, labels) if graded else _judged(rows)
    found = {"alignment": alignment(vectors(first), vectors(second))} if first else {}
    sides = {"uniformity": (*rows.texts, *(rows.pairs or ())) if graded else rows.passages or ()}
    for name, side in (sides if graded else {**sides, "uniformity_queries": rows.texts}).items():
        texts = _drawn(list(dict.fromkeys(side)))
        if len(texts) > 1:
            found[name] = uniformity(vectors(texts))
    return found


def _graded(rows: Rows, labels: Labels) -> tuple[list[str], list[str]]:
    """Pairs of the highest fifth of the grades."""
    assert rows.targets is not None and rows.pairs is not None
    chosen = _drawn(np.flatnonzero(alike(rows.targets, labels)).tolist())
    return [rows.texts[row] for row in chosen], [rows.pairs[row] for row in chosen]


def _of_class(rows: Rows) -> tuple[list[str], list[str]]:
    """Texts and the next one of their class."""
    assert rows.targets is not None
    order = np.argsort(rows.targets, kind="stable")
    same = np.flatnonzero(rows.targets[order][1:] == rows.targets[order][:-1]).tolist()
    chosen = _drawn(same)
    return [rows.texts[order[place]] for place in chosen], [rows.texts[order[place + 1]] for place in chosen]


def _judged(rows: Rows) -> tuple[list[str], list[str]]:
    """Queries and relevant passages of them."""
    assert rows.targets is not None and rows.passages is not None
    judged = Judged.of(rows.targets)
    chosen = _drawn(np.flatnonzero(judged.value > 0).tolist())
    passages = [rows.passages[int(judged.passage[place])] for place in chosen]
    return [rows.texts[int(judged.row[place])] for place in chosen], passages


def _drawn(items: list[Any]) -> list[Any]:
    if len(items) <= MOST:
        return items
    return [items[place] for place in np.sort(np.random.default_rng(0).choice(len(items), MOST, replace=False))]


__all__ = ["MOST", "alignment", "space", "uniformity"]
