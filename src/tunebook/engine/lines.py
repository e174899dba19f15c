"""Rows of a pass in one line without padding, where the model is shown to answer the same."""

from __future__ import annotations

import numpy as np

from tunebook.core.batch import Batch, Criterion, Lines
from tunebook.core.encoded import Encoded
from tunebook.core.task import Task
from tunebook.core.technique import in_one_line
from tunebook.engine.weave import Weave
from tunebook.nets.masking import IGNORED

_TRIED = 3  # rows


def unpadded(criterion: Criterion, task: Task, rows: Encoded, pad: int, weave: Weave) -> Criterion:
    """The loss over rows in one line, where the table lets it, no technique looks at lines, and the model answers a few
    of the rows alike in both ways; else the loss itself."""
    run, model = weave.run, weave.run.model
    if not isinstance(criterion, Lines) or not in_one_line(run.settings, weave.techniques):
        return criterion
    tried = _some(rows)
    if len(tried) < 2:
        return criterion
    device = next(model.parameters()).device

    def batch(numbers: list[int]) -> Batch:
        return {name: item.to(device) for name, item in task.collate(rows, numbers, pad).items()}

    found = criterion.without_padding(model, [batch(tried), *(batch([row]) for row in tried)])
    if found is not None or task.one_line:  # of others nobody expects it
        run.noted("packing", one_line=int(found is not None))
    return found or criterion


def _some(rows: Encoded) -> list[int]:
    """A few rows of usual lengths that differ, with something to learn."""
    order = np.argsort(rows.lengths, kind="stable")
    middle = order[len(order) // 3 :]
    labels = rows.flat.get("labels")
    found: list[int] = []
    for row in middle.tolist():
        learnt = labels is None or bool((labels[rows.offsets[row] + 1 : rows.offsets[row + 1]] != IGNORED).any())
        if learnt and (not found or rows.lengths[row] != rows.lengths[found[-1]] or len(rows) <= 2 * _TRIED):
            found.append(row)
        if len(found) == _TRIED:
            break
    return found


__all__ = ["unpadded"]
