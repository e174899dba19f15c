"""The tags of pieces: O, and for each type B where an entity begins and I where it goes on.

Source: Ramshaw and Marcus 1995 (arXiv:cmp-lg/9505040), with a B at every beginning.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.decoding import grammar, spans_of
from tunebook.bundle.pieces import ELSEWHERE, END, FIRST, PART, START
from tunebook.bundle.spans import TRUE, Spans
from tunebook.core.encoded import Encoded
from tunebook.core.nouns import Labels

IGNORED = -100  # not counted; torch's own number for that
Ints = NDArray[np.int64]


def tags_of(labels: Labels) -> Labels:
    """The tags for these types, in the order of the head's outputs, as classes of tokens."""
    return Labels(problem="single_label", names=["O", *(f"{mark}-{name}" for name in labels.names for mark in "BI")])


def classes(tokens: Encoded) -> Ints:
    """Number of the tag of each token, shape (T,), from the spans in `labels`; IGNORED for one that is not counted.

    A piece belongs to a span that holds its middle: borders inside a piece go to the nearer end of it.
    """
    part = tokens.flat[PART]
    row = np.repeat(np.arange(len(tokens)), tokens.lengths)
    counted = np.flatnonzero(part != ELSEWHERE)
    spans = Spans.of(tokens.fixed["labels"], TRUE)
    own = _span_of(spans, row[counted], tokens.flat[START][counted], tokens.flat[END][counted])
    first = np.flatnonzero(part[counted] == FIRST)
    begins = np.zeros(len(own), dtype=bool)
    begins[first] = own[first] != np.concatenate([[-1], own[first][:-1]])
    label = spans.label[own] if len(spans.label) else own
    found = np.full(len(part), IGNORED, dtype=np.int64)
    found[counted] = np.where(own < 0, 0, 2 * label + np.where(begins, 1, 2))
    return found


def said_by(tokens: Encoded) -> Spans:
    """The spans that the true tags of tokens stand for."""
    first = tokens.flat[PART] == FIRST
    row = np.repeat(np.arange(len(tokens)), tokens.lengths)[first]
    ends = np.concatenate([[0], np.bincount(row, minlength=len(tokens)).cumsum()])
    pieces = Encoded({name: tokens.flat[name][first] for name in (START, END)}, ends, {})
    return spans_of(pieces, classes(tokens)[first], np.ones(len(row)))


def _span_of(spans: Spans, row: Ints, start: Any, end: Any) -> Ints:
    """Number of the span that each place belongs to, -1 without one; an empty place has to lie inside."""
    start, end = start.astype(np.int64), end.astype(np.int64)
    wide = 2 * (max(int(spans.end.max(initial=0)), int(end.max(initial=0))) + 1)
    order = np.argsort(spans.row * wide + 2 * spans.start, kind="stable")
    left, right = ((spans.row * wide + 2 * side)[order] for side in (spans.start, spans.end))
    middle = row * wide + start + end - (start == end)
    at = np.searchsorted(left, middle, side="right") - 1
    own = np.where((at >= 0) & (middle < np.append(right, 0)[at]), at, -1)
    # A span that holds no middle has the piece in which it lies, if that is free.
    without = np.flatnonzero(np.bincount(own[own >= 0], minlength=len(left)) == 0)
    centre = (left[without] + right[without]) // 2
    for number, place in zip(without, centre, strict=True):
        inside = (row * wide + 2 * start <= place) & (place < row * wide + 2 * end) & (own < 0)
        own[inside] = number
    return np.where(own < 0, -1, np.append(order, -1)[own])


__all__ = ["IGNORED", "classes", "grammar", "said_by", "spans_of", "tags_of"]
