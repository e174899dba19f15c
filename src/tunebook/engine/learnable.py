"""Training rows that teach nothing: counted, refused where they are too many, and left out of the steps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tunebook.core.encoded import Encoded
from tunebook.core.errors import PlanError
from tunebook.core.messages import say
from tunebook.core.nouns import Labels
from tunebook.core.settings import Filled
from tunebook.core.task import Task
from tunebook.core.technique import RunContext


def learnable(rows: Encoded, task: Task, labels: Labels, run: RunContext) -> Encoded:
    """The rows that have something to learn: a step has as many of them as the table says. How many have not, the run
    notes.

    Raises:
        PlanError: `learnt.idle`, too many teach nothing, or all do.
    """
    idle = task.unlearnt(labels, run.settings, rows)
    count = int(np.count_nonzero(idle))
    if not count:
        return rows
    run.noted(task.key, unlearnt=count)
    if count == len(rows) or count > task.most_unlearnt * len(rows):
        raise _too_many(task, run.settings, count, len(rows))
    return rows.take(np.flatnonzero(~idle))


def _too_many(task: Task, params: Filled, count: int, rows: int) -> PlanError:
    share, most = f"{count / rows:.1%}", f"<= {task.most_unlearnt:.0%}"
    row = mark_row(task, params)
    mark = say("learnt.mark", row=row) if row else ""
    fields = {"share": share, "count": count, "rows": rows, "mark": mark}
    return PlanError("learnt.idle", key="max_length", value=share, allowed=most, **fields)


def mark_row(task: Task, params: Filled) -> str:
    """The row of the table that leaves out rows whose answer loses its end, where it does; else empty."""
    cut = "" if task.own is None else getattr(params.more(task.own), "cut", "")
    return f"{task.key}.cut" if cut == "drop" else ""


def places(rows: Encoded, kept: int, whole: int) -> NDArray[np.int64] | None:
    """Where each of a book's rows stands among those that are trained on, -1 where it teaches nothing, and the rows
    from elsewhere after them, so that two trainings which leave out other rows see all others in the same order; None
    where no row is left out, or a technique took some away or repeats them, which are then as if never there.

    Args:
        rows: with their numbers `row`; kept: how many of the book's teach something; whole: how many it has.
    """
    numbers = rows.fixed["row"]
    own = np.flatnonzero(numbers >= 0)
    if kept == whole or len(own) != kept or len(np.unique(numbers[own])) < kept:
        return None
    found = np.full(whole, -1, dtype=np.int64)
    found[numbers[own]] = own
    return np.concatenate([found, np.flatnonzero(numbers < 0)])


__all__ = ["learnable", "mark_row", "places"]
