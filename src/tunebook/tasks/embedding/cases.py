"""Rows by which the contract suite checks the task: pairs with grades, queries with passages, texts with classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tunebook.core.answers import Rows
from tunebook.core.hooks import SENTENCES, Case
from tunebook.core.judged import Judged
from tunebook.core.nouns import Labels


def case(problem: str, loss: str) -> Case:
    """Rows of a kind, with one of its losses."""
    return {"regression": _pairs, "relevance": _judged, "single_label": _classes}[problem](loss)


def _classes(loss: str) -> Case:
    """Sentences with one of three classes."""
    classes = np.arange(len(SENTENCES)) % 3
    labels = Labels(problem="single_label", names=["bad", "so", "good"])
    right, params = (9 * np.eye(3)[classes]).astype(np.float32), {"embedding.loss": loss}
    return Case.of(f"classes {loss}", labels, targets=classes, right=right, params=params)


def _pairs(loss: str) -> Case:
    """Pairs of texts whose grade is the share of words that they have in common, the most 5."""
    seconds = (*SENTENCES[3:], *SENTENCES[:3])
    words = [[set(text.split()) for text in side] for side in (SENTENCES, seconds)]
    shares = np.array([len(a & b) / len(a | b) for a, b in zip(*words, strict=True)], dtype=np.float32)
    targets = 5 * shares / shares.max()
    labels = Labels(problem="regression", low=0.0, high=5.0, start=[float(targets.mean())])
    rows = Rows(SENTENCES, seconds, targets, [str(number) for number in range(len(seconds))])
    right, params = (targets[:, None] / 5).astype(np.float32), {"embedding.loss": loss}
    return Case(f"pairs {loss}", labels, rows, right=right, params=params)


def _judged(loss: str) -> Case:
    """Sentences as queries, of each of which itself is relevant, another less so and a third not."""
    count, size = len(SENTENCES), 3
    row, gain = np.repeat(np.arange(count), size), np.tile(np.array([2.0, 0.0, 1.0]), count)
    judged = Judged(row, (row + np.tile([0, 3, 4], count)) % count, gain, count)
    ids = [str(number) for number in range(count)]
    rows = Rows(SENTENCES, None, judged.matrix(), ids, passages=SENTENCES, passage_ids=[f"p{one}" for one in ids])
    right = Judged(row, judged.passage, gain / 2, count).best(size).matrix(np.float32)
    labels = Labels(problem="relevance", low=0.0, high=2.0)
    taught = Judged(row, judged.passage, 3 * gain - row % 3, count)
    rows = replace(rows, taught=taught.at(np.arange(len(row)) % 7 > 0).matrix())  # some were not scored
    return Case(f"queries {loss}", labels, rows, right=right, params={"embedding.loss": loss})


__all__ = ["case"]
