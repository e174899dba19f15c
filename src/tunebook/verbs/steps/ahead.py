"""How far a run is ahead of a baseline, row by row on the same rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tunebook.core.answers import Answers
from tunebook.core.formatting import is_share
from tunebook.core.nouns import Interval, Labels
from tunebook.core.task import Rows, Task

if TYPE_CHECKING:
    from tunebook.stats.bootstrap import Units

Side = tuple[Answers, Rows, Labels]


def ahead(task: Task, metric: str, run: Side, baseline: Side, units: Units) -> Interval:
    """The score of a run less that of a baseline, with the ends of its paired interval.

    Args:
        run, baseline: answers of each, shape (N, k), with the rows and labels that they are answers to: the same rows,
            with targets, whose classes may be numbered otherwise.
    """
    from tunebook.stats.difference import of_rows, of_scores

    each = [task.row_scores(logits, _targets(rows), labels, metric) for logits, rows, labels in (run, baseline)]
    if each[0] is not None and each[1] is not None:
        return of_rows(each[0] - each[1], units, is_share(metric))
    ours, theirs = (_scorer(task, side, metric) for side in (run, baseline))
    said = [task.decided(logits, labels) for logits, _, labels in (run, baseline)]
    same_form = said[0].shape == said[1].shape
    differ = int((said[0] != said[1]).any(axis=1).sum()) if same_form else units.rows
    return of_scores(lambda chosen: ours(chosen) - theirs(chosen), units, differ)


def _scorer(task: Task, side: Side, metric: str) -> Callable[[np.ndarray], float]:
    logits, rows, labels = side
    return task.scorer(logits, _targets(rows), labels, metric)


def _targets(rows: Rows) -> np.ndarray:
    assert rows.targets is not None  # evaluation has refused rows without labels
    return rows.targets


__all__ = ["ahead"]
