"""BM25, which every model of passages has to beat: words that query and passage share, weighed by how rare they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.errors import MachineError
from tunebook.core.judged import Judged
from tunebook.core.progress import Progress, Silent
from tunebook.tasks.ranking.dense import listed, top

Array = NDArray[Any]
MOST = 100  # passages of an answer
# Scripts without blanks between words are read by pairs of signs, as Lucene's CJK analyser does.
_WIDE = r"\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"[{_WIDE}]+|(?:(?![{_WIDE}])\w)+")
_IS_WIDE = re.compile(rf"[{_WIDE}]")


def words_of(text: str) -> list[str]:
    """Words in lower case; of scripts without blanks each pair of neighbouring signs, or a sign that stands alone."""
    return [word for run in _RUN.findall(text.lower()) for word in _cut(run)]


def _cut(run: str) -> Iterator[str]:
    if not _IS_WIDE.match(run) or len(run) == 1:
        yield run
    else:
        yield from (run[place : place + 2] for place in range(len(run) - 1))


class BM25:
    """Passages, and their scores for queries.

    Source: Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond, 2009, with Lucene's weights
    of words and its k1 = 1.2, b = 0.75.

    Raises:
        MachineError: `machine.extra`: bm25s is not installed.
    """

    def __init__(self, passages: Sequence[str]) -> None:
        try:
            import bm25s
        except ImportError as error:
            raise MachineError("machine.extra", key="bm25s", extra="train") from error
        self._index = bm25s.BM25(k1=1.2, b=0.75, method="lucene")
        self._index.index([words_of(text) for text in passages], show_progress=False)
        self._count = len(passages)

    def scores(self, query: str) -> NDArray[np.float32]:
        """The score of each passage (P,); 0 where no word is shared."""
        known = self._index.get_tokens_ids(words_of(query))
        if not known:
            return np.zeros(self._count, dtype=np.float32)
        return np.asarray(self._index.get_scores_from_ids(known), dtype=np.float32)

    def find(
        self, queries: Sequence[str], judged: Judged, most: int = MOST, progress: Progress | None = None
    ) -> tuple[Judged, Array]:
        """The best passages of each query, best first, equal ones by their number; and the scores of those that were
        judged (M,). What shares no word with a query is not found."""
        watcher = progress or Silent()
        watcher.start("bm25", len(queries))
        found, of_judged, ends = [], [], np.cumsum(judged.counts)
        for query, end, count in zip(queries, ends, judged.counts, strict=True):
            scores = self.scores(query)
            of_judged.append(scores[judged.passage[end - count : end]])
            best = top(scores, np.flatnonzero(scores > 0), most)
            found.append((best, scores[best]))
            watcher.advance()
        watcher.finish()
        return listed(found), np.concatenate([np.zeros(0), *of_judged])


def search(rows: Rows) -> NDArray[np.float32]:
    """Answers (N, 1 + 2 K): of all passages the best 100 of each query."""
    none = Judged.of(np.zeros((len(rows), 1)))
    found: NDArray[np.float32] = _index(rows).find(rows.texts, none)[0].matrix(np.float32)
    return found


def order(rows: Rows) -> NDArray[np.float32]:
    """Answers (N, 1 + 2 K): the judged passages of each query, the best 100 of them."""
    assert rows.targets is not None
    judged = Judged.of(rows.targets)
    scored = replace(judged, value=_index(rows).find(rows.texts, judged)[1])
    found: NDArray[np.float32] = scored.best(MOST).matrix(np.float32)
    return found


def _index(rows: Rows) -> BM25:
    assert rows.passages is not None
    return BM25(rows.passages)


__all__ = ["BM25", "MOST", "order", "search", "words_of"]
