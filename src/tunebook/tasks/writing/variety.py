"""How varied texts are: runs of words that come again within a text, and how many different ones all texts have."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.nouns import Labels
from tunebook.tasks.writing.texts import Texts
from tunebook.tasks.writing.tokens import Sequences, signs

Array = NDArray[Any]
REPEATED = 4  # tokens of a run that counts as repeated


def repetition(answers: Array, targets: Array, labels: Labels) -> Array:
    """Of each row the share of its runs of four tokens that have stood in it before, shape (N,); 0 of shorter texts, 1
    without a model.

    Source: seq-rep-4 of Welleck et al. 2020 (arXiv:1908.04319), by the tokens of `signs`.
    """
    texts = Texts.of(answers, targets)
    runs = Sequences.of(texts.said, signs).grams(REPEATED)[-1]
    different = np.bincount(runs.each()[0], minlength=runs.count)
    share = np.where(runs.lengths > 0, 1 - different / np.maximum(runs.lengths, 1), 0.0)
    return texts.sums(share, lost=1.0)


def distinct(width: int, answers: Array, targets: Array, labels: Labels) -> Array:
    """What each row moves the number of different runs of `width` tokens over that of all runs, in all texts together;
    shape (N, 2), whose sums are this share of N and N.

    The share has no sums: it falls with every text, and rows that are drawn twice bring nothing new. So each row stands
    for what the share would be without it (the jackknife's pseudo-values), which is exact for all rows.

    Source: distinct-n of Li et al. 2016 (arXiv:1510.03055); Tukey 1958.
    """
    texts = Texts.of(answers, targets)
    runs = Sequences.of(texts.said, signs).grams(width)[-1]
    row, token, _ = runs.each()
    kinds, total, rows = len(np.unique(token)), len(runs.ids), runs.count
    if not total:
        return texts.sums(np.stack([np.zeros(rows), np.ones(rows)], axis=1))
    alone = np.bincount(row[np.bincount(token)[token] == 1], minlength=rows)
    without = (kinds - alone) / np.maximum(total - runs.lengths, 1)
    moved = (rows - 1) * (without.mean() - without)
    return texts.sums(np.stack([kinds / total + moved, np.ones(rows)], axis=1))


distinct_1, distinct_2 = partial(distinct, 1), partial(distinct, 2)

__all__ = ["REPEATED", "distinct", "distinct_1", "distinct_2", "repetition"]
