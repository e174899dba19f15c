"""What run and bundle are both asked, task by task: validation rows as a bundle reads them, and what each says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.answering import Tokens
from tunebook.bundle.runtime import Bundle
from tunebook.core.answers import Rows
from tunebook.core.judged import Judged
from tunebook.engine.calibrated import said_by
from tunebook.export.source import Source

Outputs = Sequence[NDArray[np.float32]]
_MOST = 5000  # passages, or training texts, that are searched for a score


@dataclass(frozen=True)
class Trial:
    """Rows that both answer.

    Attributes:
        rows: as the bundle reads them.
        said: what the run says of the validation rows; asked: what the bundle says, from its outputs for `rows`.
        matrix: the task's answers (N, k) from these outputs, for its scores; None where there are none.
    """

    rows: Sequence[Tokens]
    said: Sequence[Any]
    asked: Callable[[Outputs], Sequence[Any]]
    matrix: Callable[[Outputs], NDArray[np.float32] | None]


def trial(source: Source, bundle: Bundle) -> Trial:
    """That of a run and its bundle."""
    if not len(source.validation):
        return Trial([], [], lambda outputs: [], lambda outputs: None)
    return {"embedding": _vectors, "reranking": _passages}.get(source.plan.task, _rows)(source, bundle)


def scores(source: Source, bundle: Bundle, found: Trial, outputs: Outputs) -> dict[str, float]:
    """Metric -> value of a bundle on the validation rows; empty where nothing is known."""
    matrix = found.matrix(outputs) if len(found.rows) else None
    if matrix is None or source.validation.targets is None:
        return {}
    return source.task.scores(matrix, source.validation.targets, source.plan.labels)


def _rows(source: Source, bundle: Bundle) -> Trial:
    """Each row by itself: the run's answers in words beside those of the bundle."""
    given = source.validation
    rows = bundle.read(list(given.texts), None if given.pairs is None else list(given.pairs), clean=True)
    bare = Rows(given.texts, given.pairs, None, given.ids)
    said = said_by(source.task, source.said, bare, source.plan.labels, source.calibrated)
    return Trial(
        rows, said, lambda outputs: bundle.answers(rows, outputs), lambda outputs: bundle.matrix(rows, outputs)
    )


def _vectors(source: Source, bundle: Bundle) -> Trial:
    """The vectors of the texts, of pairs those of both, with their prompts."""
    given = source.validation
    seen = source.task.seen(given, source.plan.params)
    first, second = list(given.texts), list(given.pairs or ())
    rows = [
        *bundle.read(first, clean=True, side="query"),
        *(bundle.read(second, clean=True, side="passage") if second else []),
    ]
    texts = [*seen.texts, *(seen.pairs or ())]
    said = [{"vector": vector.tolist()} for vector in source.vectors(texts)]

    def matrix(outputs: Outputs) -> NDArray[np.float32] | None:
        vectors = np.stack(outputs)
        return _found(source, bundle, vectors[: len(first)], vectors[len(first) :])

    return Trial(rows, said, lambda outputs: bundle.answers(rows, outputs), matrix)


def _found(
    source: Source, bundle: Bundle, first: NDArray[np.float32], second: NDArray[np.float32]
) -> NDArray[np.float32] | None:
    """The task's answers from vectors: cosines of pairs, the nearest passages, the classes of the nearest texts."""
    task: Any = source.task
    given = source.validation
    if len(second):
        one, other = (part / np.linalg.norm(part, axis=1, keepdims=True).clip(1e-12) for part in (first, second))
        return np.asarray((one * other).sum(axis=1, keepdims=True), dtype=np.float32)
    if given.passages is not None:
        if len(given.passages) > _MOST:
            return None
        found: NDArray[np.float32] = task.nearest(first, _vectors_of(bundle, given.passages))
        return found
    train = source.train()
    if len(train) > _MOST:
        return None
    classed: NDArray[np.float32] = task.classed(
        (given, first), (train, _vectors_of(bundle, train.texts)), source.plan.labels
    )
    return classed


def _vectors_of(bundle: Bundle, texts: Sequence[str]) -> NDArray[np.float32]:
    return np.stack(bundle.outputs_of(bundle.read(list(texts), clean=True, side="passage")))


def _passages(source: Source, bundle: Bundle) -> Trial:
    """The judged passages of each query: in which order they come."""
    given = source.validation
    assert given.targets is not None and given.passages is not None
    judged = Judged.of(given.targets)
    queries = [given.texts[row] for row in judged.row.tolist()]
    passages = [given.passages[number] for number in judged.passage.tolist()]
    rows = bundle.read(queries, passages, clean=True)

    def ordered(outputs: Outputs) -> Judged:
        logits = np.array([output.max() for output in outputs], dtype=np.float32)
        return replace(judged, value=logits).best(len(rows))

    def orders(found: Judged) -> list[list[int]]:
        return [found.passage[found.row == row].tolist() for row in range(found.rows)]

    return Trial(
        rows,
        orders(Judged.of(source.said)),
        lambda outputs: orders(ordered(outputs)),
        lambda outputs: ordered(outputs).matrix(np.float32),
    )


__all__ = ["Trial", "scores", "trial"]
