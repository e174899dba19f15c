"""How much of a text stands in the true one: BLEU, chrF, ROUGE-L, and how long it is beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Labels
from tunebook.tasks.writing.texts import Texts, by_row
from tunebook.tasks.writing.tokens import Cut, shared

Array = NDArray[Any]
BLEU_ORDER, CHRF_ORDER = 4, 6
_BETA = 2.0  # chrF2: recall counts so many times as much as precision


def bleu_parts(cut: Cut, answers: Array, targets: Array, labels: Labels) -> Array:
    """Of each row the tokens said and true, and for runs of 1 .. 4 tokens how many are right and how many are said;
    shape (N, 10)."""
    texts = Texts.of(answers, targets)
    runs = shared(texts.said, texts.true, cut, BLEU_ORDER)
    columns = [runs[0].said, runs[0].true, *(run.both for run in runs), *(run.said for run in runs)]
    return texts.sums(np.stack(columns, axis=1))


def bleu(sums: Array) -> Array:
    """BLEU of sums (..., 10), from 0 to 1.

    A precision of 0 counts as 1 / 2, 1 / 4 ... of one right run (smoothing `exp` of sacrebleu). Lengths of runs that no
    text is long enough for are left out (its `effective_order`), since else short Chinese texts would all score 0.

    Source: Papineni et al. 2002 (ACL P02-1040); smoothing: Chen and Cherry 2014 (ACL W14-3346), method 3.
    """
    sums = np.asarray(sums, dtype=np.float64)
    said, true = sums[..., 0], sums[..., 1]
    right, all_said = sums[..., 2 : 2 + BLEU_ORDER], sums[..., 2 + BLEU_ORDER :]
    there, none = all_said > 0, (right == 0) & (all_said > 0)
    smoothed = np.where(none, 0.5 ** np.cumsum(none, axis=-1), right)
    logs = np.where(there, np.log(np.where(there, smoothed, 1) / np.where(there, all_said, 1)), 0.0)
    orders = there.sum(-1)
    short = np.where(said < true, 1 - true / np.where(said > 0, said, 1), 0.0)
    found = np.exp(logs.sum(-1) / np.maximum(orders, 1) + short)
    return np.where(np.isnan(said), np.nan, np.where(right.any(-1), found, 0.0))


def chrf_parts(cut: Cut, answers: Array, targets: Array, labels: Labels) -> Array:
    """Of each row for runs of 1 .. 6 tokens how many are in both texts, said, and true; shape (N, 18). Of a row whose
    true text has no run that long none counts as said."""
    texts = Texts.of(answers, targets)
    runs = shared(texts.said, texts.true, cut, CHRF_ORDER)
    columns = [column for run in runs for column in (run.both, np.where(run.true > 0, run.said, 0), run.true)]
    return texts.sums(np.stack(columns, axis=1))


def chrf(sums: Array) -> Array:
    """chrF2 of sums (..., 18), from 0 to 1: F of the mean precision and the mean recall, as sacrebleu has it.

    Source: Popović 2015 (ACL W15-3049).
    """
    sums = np.asarray(sums, dtype=np.float64).reshape(*np.shape(sums)[:-1], CHRF_ORDER, 3)
    both, said, true = sums[..., 0], sums[..., 1], sums[..., 2]
    counts = (said > 0) & (true > 0)
    orders = np.maximum(counts.sum(-1), 1)
    precision, recall = (
        np.where(counts, both / np.where(whole > 0, whole, 1), 0.0).sum(-1) / orders for whole in (said, true)
    )
    below = _BETA**2 * precision + recall
    found = (1 + _BETA**2) * precision * recall / np.where(below > 0, below, 1)
    return np.where(np.isnan(both).any(-1), np.nan, np.where(below > 0, found, 0.0))


def common(said: Sequence[str], true: Sequence[str]) -> int:
    """Length of the longest sequence of tokens that stands in both in this order, with others between them.

    A bit of a number for each token of one text, so that a step over the other is one sum.

    Source: Hyyrö 2004, Bit-parallel LCS-length computation revisited.
    """
    places: dict[str, int] = {}
    for place, token in enumerate(said):
        places[token] = places.get(token, 0) | (1 << place)
    whole = (1 << len(said)) - 1
    open_ = whole
    for token in true:
        matched = open_ & places.get(token, 0)
        open_ = ((open_ + matched) | (open_ - matched)) & whole
    return len(said) - open_.bit_count()


def rouge(cut: Cut) -> Callable[[Array, Array, Labels], Array]:
    """F1 of the longest common sequence of each row, shape (N,), with texts cut in this way.

    Source: Lin 2004, ROUGE-L of one sentence (ACL W04-1013).
    """
    return by_row(partial(_rouge, cut))


def _rouge(cut: Cut, said: str, true: str) -> float:
    ours, theirs = cut(said), cut(true)
    return 2 * common(ours, theirs) / (len(ours) + len(theirs)) if ours and theirs else 0.0


def length_parts(answers: Array, targets: Array, labels: Labels) -> Array:
    """Characters said and true of each row, shape (N, 2)."""
    texts = Texts.of(answers, targets)
    return texts.sums(np.array([[len(said), len(true)] for said, true in zip(texts.said, texts.true, strict=True)]))


__all__ = [
    "BLEU_ORDER", "CHRF_ORDER", "bleu", "bleu_parts", "chrf", "chrf_parts", "common", "length_parts", "rouge",
]  # fmt: skip
