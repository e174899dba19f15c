"""What the frozen base model of a run makes of rows: vectors that no label has touched, kept in the book."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.files import content_id, part_of
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.verbs.steps.runs import Run

Array = NDArray[Any]


def frozen(run: Run, rows: Rows, progress: Progress | None = None, model: str = "") -> NDArray[np.float32]:
    """Mean of the base model's last layer over a row's tokens, of length 1, shape (N, hidden); of pairs u and v
    |u - v| beside u v.

    Args:
        model: another base model than that of the run.

    Raises:
        ModelError: the base model is no longer to be had.
    """
    plan = run.plan
    key = content_id([rows.texts_id, model or plan.model_id, plan.params.max_length], 24)
    at = run.book / "cache" / f"frozen-{key}.npz"
    with suppress(OSError, ValueError, KeyError, EOFError), np.load(at) as kept:
        if len(kept["vectors"]) == len(rows):
            known: NDArray[np.float32] = kept["vectors"]
            return known
    found = _made(run, rows, progress, model)
    with suppress(OSError), part_of(at) as part, part.open("wb") as stream:  # a book that may only be read
        np.savez(stream, vectors=found)
    return found


def _made(run: Run, rows: Rows, progress: Progress | None, model: str) -> NDArray[np.float32]:
    from tunebook.core.locations import from_book
    from tunebook.engine.infer import encoder
    from tunebook.models.source import find_model, load_tokenizer

    plan = run.plan
    folder = find_model(model or from_book(plan.model, run.book), allow_pickle=True)
    encode = encoder(folder, task_of(plan.task)(), load_tokenizer(folder), plan.params.max_length, progress)
    first = encode(rows.texts)
    if rows.pairs is None:
        return first
    second = encode(rows.pairs)
    return np.hstack([np.abs(first - second), first * second])


__all__ = ["frozen"]
