"""How well passages are put in order for queries: each score is the mean of those of the queries.

A passage is relevant where its gain is above 0, and one that nobody judged is not. A query of which no passage is
relevant scores 0, as in trec_eval. The order is that of the answers; equal scores stand by the number of the passage.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.hits import Hits
from tunebook.core.judged import Judged
from tunebook.core.metric import Metric
from tunebook.core.nouns import Interval, Labels

Array = NDArray[Any]
TOP = 10


def gains(answers: Array, targets: Array) -> tuple[Array, Array]:
    """Gains of the passages that are answered, in their order, and those that were to be had, the highest first; of
    each query, shapes (N, K) and (N, S).

    Raises:
        ValueError: the queries are not the same.
    """
    if len(answers) != len(targets):
        raise ValueError(f"answers of shape {answers.shape} and targets of shape {targets.shape} cannot be scored")
    true, said = Judged.of(targets), Judged.of(answers)
    found = np.zeros((said.rows, int(said.counts.max(initial=0))))
    found[said.row, said.places] = np.clip(np.nan_to_num(said.values_in(true)), 0, None)
    there = np.zeros((true.rows, int(true.counts.max(initial=0))))
    there[true.row, true.places] = np.clip(true.value, 0, None)
    return found, -np.sort(-there, axis=1)


def ndcg(answers: Array, targets: Array, labels: Labels, top: int = TOP) -> Array:
    """Normalised discounted cumulative gain of each query, shape (N,): gains over log2(1 + rank), over the best sum.

    Source: Järvelin and Kekäläinen 2002, doi:10.1145/582415.582418, with gains as they are given, as in trec_eval.
    """
    found, there = (_discounted(one[:, :top]) for one in gains(answers, targets))
    return _over(found, there)


def _discounted(part: Array) -> Array:
    return np.asarray(part @ (1 / np.log2(np.arange(2, part.shape[1] + 2))))


def reciprocal(answers: Array, targets: Array, labels: Labels, top: int = TOP) -> Array:
    """1 over the rank of the first relevant passage of each query, shape (N,); 0 where none is among the first."""
    hits = gains(answers, targets)[0][:, :top] > 0
    first = np.argmax(hits, axis=1) if hits.shape[1] else np.zeros(len(hits), dtype=np.int64)
    return np.where(hits.any(axis=1), 1 / (1 + first), 0.0)


def recall(answers: Array, targets: Array, labels: Labels, top: int = TOP) -> Array:
    """The share of each query's relevant passages that are among the first, shape (N,)."""
    found, there = gains(answers, targets)
    return _over((found[:, :top] > 0).sum(1), (there > 0).sum(1))


def precision(answers: Array, targets: Array, labels: Labels) -> Array:
    """Average precision of each query, shape (N,): of the share of relevant passages down to each relevant one."""
    found, there = gains(answers, targets)
    hits = found > 0
    shares = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    return _over((shares * hits).sum(1), (there > 0).sum(1))


def _over(part: Array, whole: Array) -> Array:
    """A share; 0 where there is nothing to have."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def interval(scores: Array, groups: Array | None) -> Interval:
    """Of the mean of scores (N,) from 0 to 1; as a share where all are 0 or 1, whose variance may be 0."""
    from tunebook.stats.intervals import of_mean, of_right

    if np.isin(scores, (0, 1)).all():
        return of_right(scores, groups)
    found = of_mean(scores, groups)
    return found.model_copy(update={"low": max(found.low, 0.0), "high": min(found.high, 1.0)})


def hits(answers: Array, targets: Array, least: float | None, most: int | None = None) -> Hits:
    """Answers as pairs of a query and a passage with their scores, the best `most` of each query or all of them; one
    matches whose gain is `least` or more, or any above 0."""
    bound = np.nextafter(0, 1) if least is None else least
    true, said = Judged.of(targets), Judged.of(answers)
    said = said if most is None else said.at(said.places < most)
    right = np.nan_to_num(said.values_in(true), nan=-np.inf) >= bound
    there = np.bincount(true.row[true.value >= bound], minlength=true.rows)
    return Hits(said.row, said.value, right, there - np.bincount(said.row[right], minlength=said.rows))


METRICS = (
    Metric(f"ndcg@{TOP}", ndcg, interval=interval),
    Metric(f"mrr@{TOP}", reciprocal, interval=interval),
    Metric(f"recall@{TOP}", recall, interval=interval),
    Metric("map", precision, interval=interval),
)

__all__ = ["METRICS", "TOP", "gains", "hits", "interval", "ndcg", "precision", "recall", "reciprocal"]
