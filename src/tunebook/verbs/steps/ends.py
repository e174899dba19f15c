"""Which texts a run does not read to their end."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.registry import task_of
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.engine.load import Net


def lost_by(run: Run) -> Callable[[Rows], NDArray[np.bool_]]:
    """Tells of rows whether `max_length` cuts their end off, shape (N,); of rows without a line of their own it does
    not. No model is asked: its tokenizer is read when the first rows come."""
    task, params = task_of(run.plan.task)(), run.plan.params

    @cache
    def net() -> Net:
        from tunebook.engine.load import Net
        from tunebook.models.source import load_reader

        return Net(task, None, load_reader(run.model), params.max_length)

    def lost(rows: Rows) -> NDArray[np.bool_]:
        seen = task.seen(rows, params)
        encoded = net().encoded(seen)
        own = len(encoded) == len(rows) and encoded.lengths.all()
        return net().cut(seen, encoded) if own else np.zeros(len(rows), dtype=np.bool_)

    return lost


__all__ = ["lost_by"]
