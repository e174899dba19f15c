"""What is refused of the settings of a plan, whatever their techniques."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tunebook.core.errors import PlanError, raise_all
from tunebook.core.nouns import DataRef
from tunebook.core.settings import Filled

if TYPE_CHECKING:
    from tunebook.core.task import Task


def check_settings(params: Filled, task: Task, data: DataRef, room: int) -> None:
    """Refuse settings that the model has no room for or that cannot act on these labels, all of them at once."""
    known = task.judges(data.labels)
    found = []
    if params.max_length > room:
        found.append(PlanError("plan.length", key="max_length", value=params.max_length, allowed=f"4 … {room}"))
    if params.metric not in known:
        allowed = " | ".join(("auto", *known))
        found.append(PlanError("plan.metric", key="metric", value=params.metric, allowed=allowed))
    for row, off in task.idle(data.labels).items():
        if (value := getattr(params, row)) != off:
            found.append(PlanError("plan.numbers", key=row, value=value, allowed=str(off)))
    raise_all(found)


def check_whole(params: Filled, task: Task, data: DataRef) -> None:
    """Refuse to split the steps of a loss that holds all rows of a step against each other."""
    passes = params.gradient_accumulation_steps
    if passes > 1 and task.whole(data.labels, params):
        raise PlanError("plan.whole", key="gradient_accumulation_steps", value=passes, allowed="1", task=task.key)


__all__ = ["check_settings", "check_whole"]
