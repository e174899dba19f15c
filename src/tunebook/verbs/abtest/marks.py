"""How the runs of an arm did in an exam: their answers, as scores of rows, of runs, and of any draw of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import stacked
from tunebook.core.nouns import Labels
from tunebook.core.registry import tasks
from tunebook.core.task import Task
from tunebook.verbs.abtest.crossfit import Answers
from tunebook.verbs.abtest.exam import Exam

if TYPE_CHECKING:
    from tunebook.core.nouns import DataRef

Array = NDArray[Any]
_STILL = 1e-6  # numbers that differ by less, as a share of their size, are the same answer


@dataclass(frozen=True)
class Marks:
    """Answers of all runs of an arm to the same rows.

    Attributes:
        logits: shape (K, N, outputs); a run without a model has NaN in all of its rows, and scores 0.
        aligned: the same on one scale for each run, see `Answers`; None stands for `logits`.
        uncrossed: runs that were answered by a checkpoint chosen on these very rows.
    """

    task: Task
    labels: Labels
    exam: Exam
    logits: Array
    aligned: Array | None = None
    uncrossed: int = 0

    def rows(self, metric: str) -> Array | None:
        """Score of each row by each run, shape (K, N); None for a metric that is no mean of rows."""
        found = [self.task.row_scores(run, self.exam.targets, self.labels, metric) for run in self.logits]
        return None if found[0] is None else np.stack([row for row in found if row is not None])

    def scorers(self, metric: str) -> list[Callable[[NDArray[np.int64]], float]]:
        """The metric of each run as a function of row numbers."""
        runs = self.logits
        if self.aligned is not None and self.task.metric(self.labels, metric).compares:
            runs = self.aligned
        return [self.task.scorer(run, self.exam.targets, self.labels, metric) for run in runs]

    def scores(self, metric: str) -> Array:
        """The metric of each run on all rows, shape (K,)."""
        every = np.arange(len(self.exam.rows))
        return np.array([score(every) for score in self.scorers(metric)])

    @property
    def collapsed(self) -> list[bool]:
        """Of each run, whether it answers every row in the same way, as a training that went wrong does."""
        return [len(self.exam.rows) > 1 and self._alike(run) for run in self.logits]

    def _alike(self, run: Array) -> bool:
        """Whether answers, shape (N, outputs), say the same of every row."""
        if np.isnan(run).any():  # a run without a model
            return False
        said = self.task.decided(run, self.labels).astype(np.float64)
        return bool(np.ptp(said, axis=0).max() <= _STILL * max(1.0, float(np.abs(said).max())))

    def first(self, runs: int) -> Marks:
        """Those of the first few runs."""
        aligned = None if self.aligned is None else self.aligned[:runs]
        return replace(self, logits=self.logits[:runs], aligned=aligned)


def marks_of(data: DataRef, exam: Exam, answers: Sequence[Answers | Array | None]) -> Marks:
    """Marks of runs from their answers; None for a run without a model."""
    labels = data.labels
    known = [part if part is None or isinstance(part, Answers) else Answers(part) for part in answers]
    lost = (len(exam.rows), labels.outputs)
    logits = [None if part is None else part.logits for part in known]
    aligned = [None if part is None else part.aligned for part in known]
    moved = [plain if one is None else one for plain, one in zip(logits, aligned, strict=True)]
    one_look = all(one is None for one in aligned)
    uncrossed = sum(part.uncrossed for part in known if part is not None)
    task = tasks()[data.task]()
    return Marks(task, labels, exam, stacked(logits, lost), None if one_look else stacked(moved, lost), uncrossed)


__all__ = ["Marks", "marks_of"]
