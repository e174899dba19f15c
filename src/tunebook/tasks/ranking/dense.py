"""Passages by the cosine of their vectors and the query's, all of them, block by block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import MachineError
from tunebook.core.judged import Judged
from tunebook.core.progress import Progress, Silent

Array = NDArray[Any]
Vectors = NDArray[np.float32]
_BLOCK = 1 << 24  # scores that are held at once
_ROWS = 256


def find(
    vectors: tuple[Vectors, Vectors], judged: Judged, most: int, progress: Progress | None = None
) -> tuple[Judged, Array]:
    """The best passages of each query, best first, equal ones by their number; and the scores of those judged (M,).

    Args:
        vectors: of queries (N, D) and of passages (P, D).
    """
    queries, passages = vectors
    watcher = progress or Silent()
    watcher.start("search", len(queries))
    size = max(1, _BLOCK // max(len(passages), 1))
    found = []
    for start in range(0, len(queries), size):
        scores = queries[start : start + size] @ passages.T
        for row in scores:
            best = top(row, np.arange(len(row)), most)
            found.append((best, row[best]))
        watcher.advance(len(scores))
    watcher.finish()
    of_judged = np.einsum("md,md->m", queries[judged.row], passages[judged.passage])
    return listed(found), of_judged


def top(scores: Array, some: Array, most: int) -> Array:
    """The numbers of the best of some passages, best first; equal ones by their number.

    Args:
        scores: of all passages (P,).
    """
    if len(some) > most:  # all that are as good as the last one may be among the best
        some = some[scores[some] >= np.partition(scores[some], -most)[-most]]
    return np.asarray(some[np.lexsort((some, -scores[some]))][:most])


def listed(found: Sequence[tuple[Array, Array]]) -> Judged:
    """Passages and scores of each query as one."""
    row = np.repeat(np.arange(len(found)), [len(best) for best, _ in found])
    passage, score = (np.concatenate([np.zeros(0), *(pair[place] for pair in found)]) for place in (0, 1))
    return Judged(row, passage.astype(np.int64), score, len(found))


def encoder(folder: Path) -> Callable[[Sequence[str], bool, Progress | None], Vectors]:
    """A function from texts, and whether they are queries, to their vectors of length 1, as sentence-transformers
    makes them with the model of this folder and what it puts in front of queries and passages.

    Raises:
        MachineError: `machine.extra`: sentence-transformers is not installed.
    """
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise MachineError("machine.extra", key="sentence-transformers", extra="embeddings") from error
    model = SentenceTransformer(str(folder))

    def encoded(texts: Sequence[str], queries: bool, progress: Progress | None) -> Vectors:
        watcher, parts = progress or Silent(), []
        watcher.start("embed", len(texts))
        encode = model.encode_query if queries else model.encode_document
        order = np.argsort([-len(text) for text in texts], kind="stable")
        for start in range(0, len(order), _ROWS):
            some = [texts[place] for place in order[start : start + _ROWS]]
            parts.append(encode(some, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True))
            watcher.advance(len(some))
        watcher.finish()
        vectors = np.concatenate(parts).astype(np.float32)
        found = np.empty_like(vectors)
        found[order] = vectors
        return found

    return encoded


__all__ = ["encoder", "find", "listed", "top"]
