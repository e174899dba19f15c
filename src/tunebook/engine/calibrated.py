"""Answers in words, as a calibrated model gives them."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from tunebook.bundle.calibrated import Calibrated
from tunebook.core.answers import Rows
from tunebook.core.calibrates import Calibrates
from tunebook.core.nouns import Labels
from tunebook.core.task import Task


def said_by(
    task: Task, answers: NDArray[Any], rows: Rows, labels: Labels, how: Calibrated | None
) -> list[dict[str, Any]]:
    """What a task says of answers (N, k) to rows.

    Args:
        how: how they are read; None as the head gives them.
    """
    if how is None or not isinstance(task, Calibrates):
        return task.say(answers, rows, labels)
    return [how.told(answer) for answer in task.say(task.tempered(answers, how.temperature, labels), rows, labels)]


__all__ = ["said_by"]
