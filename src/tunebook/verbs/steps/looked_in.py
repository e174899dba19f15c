"""What a look searches in while a model is trained: a part of what is searched afterwards, the same in all runs of a
book, whatever their tables say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tunebook.core.passage_sample import of_each, others
from tunebook.core.task import Rows

_PASSAGES = 500  # beside those that are judged for validation rows
_TEXTS = 1000  # of training rows with a class


def looked_in(rows: Sequence[Rows], seen: Sequence[Rows]) -> tuple[NDArray[np.int64], list[str]] | None:
    """Numbers and texts of passages that are judged for no validation row; of rows with a class the classes and texts
    of training rows, of which none is the text of a validation row. None where there are none.

    Args:
        rows: those of training and of validation, of a task that searches; seen: the same as a model sees them.
    """
    train, validation = rows
    if validation.passages is not None:
        found = others(validation, _PASSAGES)
        return (found, [(seen[1].passages or ())[number] for number in found.tolist()]) if len(found) else None
    assert train.targets is not None
    known = set(validation.texts)
    fresh = np.array([place for place, text in enumerate(train.texts) if text not in known], dtype=np.int64)
    places = fresh[of_each(train.targets[fresh], _TEXTS)]
    return (train.targets[places], [seen[0].texts[place] for place in places.tolist()]) if len(places) else None


__all__ = ["looked_in"]
