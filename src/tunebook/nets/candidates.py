"""Rows that have several candidates each, of which training shows some: one relevant passage and a few others.

Tokens of such rows have a column that says which of the row's judgements they belong to; the judgements themselves are
the row's `labels`, see `tunebook.core.judged`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.pair_windows import PLACE
from tunebook.core.encoded import Encoded
from tunebook.core.judged import Judged

TAUGHT = "ranking.taught"  # of a row: what a teacher says of its passages, as `Judged` packs them


def sample(encoded: Encoded, positives: int, negatives: int, seed: Sequence[int]) -> Encoded:
    """At most so many relevant and so many other passages of each row, drawn at random; the same for the same seed.

    Those that are left stay in their order, and are counted anew in the column of places.
    """
    judged = Judged.of(encoded.fixed["labels"])
    kept = _drawn(judged, positives, negatives, np.random.default_rng(list(seed)))
    row = np.repeat(np.arange(len(encoded)), encoded.lengths)
    place = encoded.flat[PLACE].astype(np.int64)
    first = np.cumsum(judged.counts) - judged.counts  # number of each row's first judgement
    number = np.where(place < 0, 0, first[row] + place)
    chosen = (place < 0) | (kept[number] if len(kept) else np.zeros(len(row), dtype=bool))
    before = np.concatenate([[0], np.cumsum(kept)])
    anew = np.where(place < 0, -1, before[number] - before[first[row]])[chosen].astype(encoded.flat[PLACE].dtype)
    flat = {name: column[chosen] for name, column in encoded.flat.items()} | {PLACE: anew}
    ends = np.concatenate([[0], np.cumsum(np.bincount(row[chosen], minlength=len(encoded)))]).astype(np.int64)
    return Encoded(flat, ends, {**encoded.fixed, "labels": judged.at(kept).matrix()})


def _drawn(judged: Judged, positives: int, negatives: int, draw: np.random.Generator) -> NDArray[Any]:
    """Which judgements are kept, shape (M,)."""
    relevant = judged.value > 0
    order = np.lexsort((draw.random(len(relevant)), relevant, judged.row))
    kind = 2 * judged.row[order] + relevant[order]
    begins = np.searchsorted(kind, kind, side="left")
    kept = np.zeros(len(relevant), dtype=bool)
    kept[order] = np.arange(len(kind)) - begins < np.where(relevant[order], positives, negatives)
    return kept


__all__ = ["PLACE", "TAUGHT", "sample"]
