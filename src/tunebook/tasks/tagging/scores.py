"""How well spans are found: what each row adds to the counts of which every score is made.

A span is right where start, end and type are. Scores over all types are micro averages, as CoNLL-2003 counts
(Tjong Kim Sang and De Meulder 2003, arXiv:cs/0306050); of partial ones a span of the right type that overlaps counts
half, as in MUC-5 (Chinchor and Sundheim 1993, ACL M93-1007).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.spans import SAID, TRUE, Spans
from tunebook.core.metric import Metric
from tunebook.core.nouns import Labels
from tunebook.stats.counts import share
from tunebook.tasks.label_metrics import late

Array = NDArray[Any]


def both(answers: Array, targets: Array) -> tuple[Spans, Spans]:
    """True spans and predicted ones of the same rows.

    Raises:
        ValueError: the rows are not the same.
    """
    if len(answers) != len(targets):
        raise ValueError(f"answers of shape {answers.shape} and targets of shape {targets.shape} cannot be scored")
    return Spans.of(targets, TRUE), Spans.of(answers, SAID)


def exact(true: Spans, said: Spans) -> tuple[Array, Array]:
    """Which true spans are found, and which predicted ones are right: start, end and type."""
    keys = _keys(true, said)
    return np.isin(keys[0], keys[1]), np.isin(keys[1], keys[0])


def _keys(true: Spans, said: Spans) -> tuple[Array, Array]:
    """A number of each span, the same for the same row, start, end and type."""
    rows, start, end, label = (
        np.concatenate([getattr(true, name), getattr(said, name)]) for name in ("row", "start", "end", "label")
    )
    begins = np.unique(rows * (start.max(initial=0) + 1) + start, return_inverse=True)[1]
    sorts = (end * (label.max(initial=0) + 1) + label).astype(np.int64)
    found = begins * (sorts.max(initial=0) + 1) + sorts
    return found[: len(true.row)], found[len(true.row) :]


def overlaps(true: Spans, said: Spans) -> tuple[Array, Array]:
    """Numbers of the true and the predicted spans of each pair that share a code point; row by row, from left to right.

    Neither may overlap among themselves.
    """
    wide = max(int(true.end.max(initial=0)), int(said.end.max(initial=0))) + 1
    left, right = true.row * wide + true.start, true.row * wide + true.end
    order = np.argsort(left, kind="stable")
    since = np.searchsorted(right[order], said.row * wide + said.start, side="right")
    until = np.searchsorted(left[order], said.row * wide + said.end, side="left")
    number = np.maximum(until - since, 0)
    second = np.repeat(np.arange(len(number)), number)
    first = np.arange(len(second)) - np.repeat(np.cumsum(number) - number, number) + np.repeat(since, number)
    return order[first], second


def counts(answers: Array, targets: Array, labels: Labels) -> Array:
    """Right, true and predicted spans of each row, shape (N, 3)."""
    true, said = both(answers, targets)
    return _by_row(true, said, exact(true, said)[1])


def halves(answers: Array, targets: Array, labels: Labels) -> Array:
    """The same with half a right one for each pair of a true and a predicted span of one type that only overlap.

    Each span is in one pair at most, from left to right.
    """
    true, said = both(answers, targets)
    found, right = exact(true, said)
    first, second = overlaps(true, said)
    open_ = (true.label[first] == said.label[second]) & ~found[first] & ~right[second]
    credit = right.astype(np.float64)
    used = -1
    for one, other in zip(first[open_].tolist(), second[open_].tolist(), strict=True):
        if one != used and not credit[other]:
            credit[other], used = 0.5, one
    return _by_row(true, said, credit)


def by_type(answers: Array, targets: Array, labels: Labels) -> Array:
    """Right, true and predicted spans of each type, row by row; shape (N, 3 types)."""
    true, said = both(answers, targets)
    right = said.at(exact(true, said)[1])
    return np.hstack([item.counts(len(labels.names)) for item in (right, true, said)])


def signs(answers: Array, targets: Array, labels: Labels) -> Array:
    """Code points that have their type, or rightly none, and all of each row, shape (N, 2); a row that nobody has read
    is wrong up to the end of its last true span."""
    true, said = both(answers, targets)
    first, second = overlaps(true, said)
    shared = np.minimum(true.end[first], said.end[second]) - np.maximum(true.start[first], said.start[second])
    agreed = true.label[first] == said.label[second]
    # What is marked on either side alone, or on both as something else.
    wrong = [np.bincount(item.row, weights=item.end - item.start, minlength=item.rows) for item in (true, said)]
    both_marked = np.bincount(true.row[first], weights=shared * (1.0 + agreed), minlength=true.rows)
    ends = np.zeros(true.rows, dtype=np.int64)
    np.maximum.at(ends, true.row, true.end)
    whole = np.maximum(said.read[:, 0], ends)
    right = np.where(np.isfinite(answers).all(axis=1), whole - (wrong[0] + wrong[1] - both_marked), 0)
    return np.stack([right, whole], axis=1).astype(np.float64)


def _by_row(true: Spans, said: Spans, credit: Array) -> Array:
    right = np.bincount(said.row, weights=credit, minlength=said.rows)
    parts = [right, *(np.bincount(item.row, minlength=item.rows) for item in (true, said))]
    return np.stack(parts, axis=1).astype(np.float64)


def f1(sums: Array) -> Array:
    """F1 of sums (..., 3) of right, true and predicted spans; NaN where there are neither true nor predicted ones."""
    below = sums[..., 1] + sums[..., 2]
    return np.where(below > 0, share(2 * sums[..., 0], below), np.nan)


def precision(sums: Array) -> Array:
    """Right / predicted; 0 where none is predicted."""
    return share(sums[..., 0], sums[..., 2])


def recall(sums: Array) -> Array:
    """Right / true; NaN where there are no true ones."""
    return np.where(sums[..., 1] > 0, share(sums[..., 0], sums[..., 1]), np.nan)


def sign_share(sums: Array) -> Array:
    """Share of right code points of sums (..., 2); NaN where there are none."""
    return np.where(sums[..., 1] > 0, share(sums[..., 0], sums[..., 1]), np.nan)


def macro_f1(sums: Array) -> Array:
    """Mean of the F1 of the types that are true or predicted somewhere, of sums (..., 3 types)."""
    right, true, said = np.split(sums, 3, axis=-1)
    score = share(2 * right, true + said)
    present = true + said > 0
    return share(np.where(present, score, 0).sum(-1), present.sum(-1))


def whole(answers: Array, targets: Array, labels: Labels) -> Array:
    """Whether each row has all of its spans right, and no other; shape (N,)."""
    sums = counts(answers, targets, labels)
    return np.asarray(np.isfinite(answers).all(axis=1) & (sums == sums[:, :1]).all(axis=1), dtype=np.float64)


def _of(below: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """What is right and of what it is a share, of each row, shape (N, 2)."""
    return lambda parts: np.stack([parts[:, 0], below(parts)], axis=1)


_TRUE, _SAID = _of(lambda parts: parts[:, 1]), _of(lambda parts: parts[:, 2])
METRICS = (
    Metric("span_f1", counts, f1, interval=late("of_micro_f1")),
    Metric("span_precision", counts, precision, interval=late("of_share", _SAID)),
    Metric("span_recall", counts, recall, interval=late("of_share", _TRUE)),
    Metric("span_macro_f1", by_type, macro_f1, interval=late("of_macro_f1")),
    Metric("span_partial_f1", halves, f1, interval=late("of_micro_f1")),
    Metric("token_accuracy", signs, sign_share, interval=late("of_share")),
    Metric("whole_rows", whole, interval=late("of_right")),
)

__all__ = [
    "METRICS", "both", "by_type", "counts", "exact", "f1", "halves", "macro_f1", "overlaps", "precision", "recall",
    "sign_share", "signs", "whole",
]  # fmt: skip
