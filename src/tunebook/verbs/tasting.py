"""The validation rows of a book, and what models are worth on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.abtest.exam import Exam, split_exam
from tunebook.core.nouns import DataRef, Interval, Plan
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.task import Rows, Task

if TYPE_CHECKING:
    from tunebook.core.encoded import Encoded
    from tunebook.engine.load import LoadedModel

Logits = NDArray[np.float32]
_RESAMPLES = 500


@dataclass(frozen=True)
class Tasting:
    """Scores of models on the same labelled rows.

    Attributes:
        plan: of a run of the book; it says what the head's outputs are.
        exam: the rows.
        metric: the score; more is better.
        data: the book's, beside which its cache is.
    """

    plan: Plan
    task: Task
    exam: Exam
    metric: str
    data: DataRef

    @property
    def rows(self) -> Rows:
        """The rows."""
        return self.exam.rows

    @property
    def targets(self) -> NDArray[Any]:
        """What they are labelled with."""
        return self.exam.targets

    def tokens(self, tokenizer: Any, plan: Plan, progress: Progress | None = None) -> Encoded:
        """The rows as a model reads them, cut where its own plan says."""
        from tunebook.engine.tokens import encode

        length, cache = int(plan.params["max_length"]), self.data.path.parent / "cache"  # type: ignore[arg-type]
        return encode(self.rows, self.task, tokenizer, length, cache=cache, progress=progress)

    def logits(self, loaded: LoadedModel, progress: Progress | None = None) -> Logits:
        """Outputs of a model's head, shape (N, outputs)."""
        return loaded.logits(self.rows, progress, cache=self.data.path.parent / "cache")

    def score(self, logits: Logits) -> float:
        """What outputs are worth."""
        return self.task.scores(logits, self.targets, self.plan.labels)[self.metric]

    def ensemble(self, answers: list[Logits]) -> float:
        """What the mean probability of several models is worth; of numbers their mean."""
        return self.score(self.task.mean(answers, self.plan.labels))

    def gain(self, before: Logits, after: Logits) -> Interval:
        """How much better one model is than another on these rows, resampled by row or by whole group."""
        from tunebook.stats.bootstrap import bootstrap_interval
        from tunebook.stats.units import Units

        labels, sides, units = self.plan.labels, (before, after), Units.of(len(self.targets), self.exam.groups)
        rows = [self.task.row_scores(side, self.targets, labels, self.metric) for side in sides]
        if rows[0] is not None and rows[1] is not None:
            apart = np.asarray(rows[1], dtype=np.float64) - rows[0]
            return bootstrap_interval(apart, units, method="percentile")
        old, new = (self.task.scorer(side, self.targets, labels, self.metric) for side in sides)
        return bootstrap_interval(
            lambda drawn: new(drawn) - old(drawn), units, resamples=_RESAMPLES, method="percentile"
        )


def tasting(data: DataRef, plan: Plan, metric: str) -> Tasting:
    """The validation rows of a book.

    Args:
        plan: of a finished run of it.
        metric: what is scored; `auto` takes what the task is judged by.
    """
    from tunebook.engine.past import numbered

    task = task_of(plan.task)()
    judged = task.headline(plan.labels) if metric == "auto" else metric
    return Tasting(plan, task, split_exam(numbered(data, plan.labels), "validation"), judged, data)


__all__ = ["Logits", "Tasting", "tasting"]
