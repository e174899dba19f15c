"""Other trainings of the same table on the same rows: what differs between them is the seed's doing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from tunebook.core.errors import TunebookError
from tunebook.verbs.steps.answers import answers, place_of
from tunebook.verbs.steps.runs import Run, runs_in

if TYPE_CHECKING:
    from tunebook.core.answers import Answers
    from tunebook.diagnosis.looked import Looked

_MOST = 5


def siblings(looked: Looked) -> list[Answers]:
    """What finished trainings of the same table with other seeds answer to the rows that are looked at, arms of a test
    among them, the newest first; not those whose model is gone, and none where answers are no scores of classes."""
    if looked.labels.kind.link != "softmax":
        return []
    return [said for _, said in zip(range(_MOST), _answers(looked), strict=False)]


def _answers(looked: Looked) -> Iterator[Answers]:
    for run in reversed(runs_in(looked.run.path.parent)):
        with suppress(TunebookError):
            if run.finished and _is_other(run, looked.run):
                place = place_of(run.plan, looked.data, looked.split)
                yield answers(run, looked.rows, place, progress=looked.progress)


def _is_other(run: Run, own: Run) -> bool:
    plan, mine = run.plan, own.plan
    same = (plan.table, plan.data, plan.stage, plan.before) == (mine.table, mine.data, mine.stage, mine.before)
    return same and plan.seed != mine.seed


__all__ = ["siblings"]
