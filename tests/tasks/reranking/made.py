"""Queries with judged passages of a small language, in which a word of the query tells what is relevant."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from tests import small
from tunebook.core.answers import Rows
from tunebook.core.judged import Judged
from tunebook.core.nouns import Labels

LABELS = Labels(problem="relevance", low=0.0, high=1.0)


def rows(passages: Sequence[str], queries: Sequence[str], judged: Sequence[Sequence[tuple[int, float]]]) -> Rows:
    """Rows of these judgements: of each query the numbers of passages and their gains."""
    row, passage, gain = zip(*((row, *one) for row, found in enumerate(judged) for one in found), strict=True)
    matrix = Judged(np.array(row), np.array(passage), np.array(gain, dtype=np.float64), len(queries)).matrix()
    ids = [f"p{number}" for number in range(len(passages))]
    names = [f"q{number}" for number in range(len(queries))]
    return Rows(queries, None, matrix, names, passages=passages, passage_ids=ids)


def drawn(count: int, size: int = 4, seed: int = 0, longest: int = 12) -> Rows:
    """Queries of a few words, each with as many passages of up to so many words, the first relevant."""
    draw = random.Random(seed)
    words = small.words()
    text = lambda least, most: " ".join(draw.choices(words, k=draw.randint(least, most)))  # noqa: E731
    passages = [text(2, longest) for _ in range(3 * count)]
    queries = [text(1, 5) for _ in range(count)]
    judged = [
        [(number, float(place == 0)) for place, number in enumerate(draw.sample(range(len(passages)), size))]
        for _ in range(count)
    ]
    return rows(passages, queries, judged)


__all__ = ["LABELS", "drawn", "rows"]
