"""What both arms have kept of tasks that were learned before: the books of the runs that they continue from.

The validation rows of those books are asked, as everywhere in a test: the test rows are opened for a promotion alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from tunebook.core.nouns import DataRef, Plan
from tunebook.core.progress import Progress
from tunebook.core.verdict import RETENTION, Guardrail
from tunebook.verbs.abtest.exam import Exam, split_exam
from tunebook.verbs.abtest.guardrails import judged
from tunebook.verbs.abtest.looks import gain
from tunebook.verbs.abtest.marks import Marks
from tunebook.verbs.abtest.test_plan import TestPlan
from tunebook.verbs.steps.answers import place_of
from tunebook.verbs.steps.runs import Run

Both = tuple[Marks, Marks]


@dataclass(frozen=True)
class EarlierTask:
    """A task that a run before has learned, with the validation rows of its book."""

    run: Run
    plan: Plan
    exam: Exam
    data: DataRef

    @property
    def book(self) -> str:
        """Name of its book's folder."""
        return self.plan.data_path.parent.name


def earlier_tasks(plan: Plan) -> list[EarlierTask]:
    """The tasks of the runs that a plan continues from, the oldest first.

    Of several runs on the same rows the last one stands for all, and a run on the plan's own rows for none: those rows
    are the test's. A book without validation rows is left out.

    Raises:
        RunError: a run before, or its rows, are no longer there.
    """
    from tunebook.engine.past import ancestors, data_of

    found: dict[str, EarlierTask] = {}
    for path, theirs in ancestors(plan):
        if theirs.data in (plan.data, *found):
            continue
        data = data_of(theirs, plan.labels)
        if data.rows.get("validation"):
            exam = split_exam(data, "validation")
            own = replace(exam, name=theirs.data_path.parent.name, place=place_of(plan, data, "validation"))
            found[theirs.data] = EarlierTask(Run(path), theirs, own, data)
    return list(found.values())[::-1]


def check_retention(plan: TestPlan, task: EarlierTask, marks: Both, alpha: float) -> list[Guardrail]:
    """Whether B has kept as much of an earlier task as A; a margin that nobody asked for counts from enough rows on."""
    found = []
    for guard in plan.guards:
        if guard.name == RETENTION:
            enough = len(task.exam.rows) >= guard.least
            watched = guard if enough else guard.model_copy(update={"margin": None})
            name = f"{RETENTION}:{task.book}"
            effect = partial(gain, *marks, plan.metric, alpha)
            found.append(judged(watched, RETENTION, effect, name, alpha=alpha, rows=len(task.exam.rows)))
    return found


def retained(
    tasks: Sequence[EarlierTask], marks: Sequence[Both], metric: str, progress: Progress | None = None
) -> list[dict[str, Any]]:
    """Of each earlier task: `book`, `run`, `rows`, the score `learned` by the run that learned it, and the mean scores
    `a` and `b` of both arms on the same rows."""
    from tunebook.verbs.steps.retention import scored

    found = []
    for task, (a, b) in zip(tasks, marks, strict=True):
        every = np.arange(len(task.exam.rows))
        learned = scored(task.run, task.exam.rows, task.data, "validation", metric, progress)(every)
        means = {side: float(arm.scores(metric).mean()) for side, arm in (("a", a), ("b", b))}
        found.append({"book": task.book, "run": task.run.id, "rows": len(every), "learned": learned, **means})
    return found


__all__ = ["EarlierTask", "check_retention", "earlier_tasks", "retained"]
