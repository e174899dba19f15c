"""What users read of pairs with a grade: the cosine of the two texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.messages import say
from tunebook.core.nouns import Labels, Report
from tunebook.core.sections import Brief, Scatter, Section
from tunebook.core.settings import Filled
from tunebook.core.task import Task
from tunebook.tasks import label_scores

Array = NDArray[Any]
_NEAR = 1e-6  # of a float32 that was made of a grade and back


class PairWords(Task):
    """The part of the task that users read."""

    pipeline: ClassVar[str] = "sentence-similarity"
    library: ClassVar[str] = "sentence-transformers"
    auto_model: ClassVar[str] = "SentenceTransformer"

    def say(self, answers: Array, rows: Rows, labels: Labels) -> list[dict[str, Any]]:
        """Each pair's `similarity`, from -1 to 1."""
        self.metrics(labels)  # refuses labels of any other kind
        return [{"similarity": float(row[0])} for row in answers]

    def true(self, targets: Array, rows: Rows, labels: Labels) -> list[Any]:
        """The grade of each pair."""
        return [float(target) for target in targets]

    def blank(self, labels: Labels) -> dict[str, Any]:
        """No similarity."""
        return {"similarity": None}

    def shown(self, label: Any) -> str:
        """A number."""
        return "–" if label is None else f"{label:.4g}"

    def brief(self, answer: Mapping[str, Any], few: int | None = None) -> Brief:
        """The similarity."""
        return Brief(self.shown(answer["similarity"]))

    def badness(self, record: Mapping[str, Any], labels: Labels) -> float | None:
        """How far the similarity is from the grade, the lowest grade 0 and the highest 1."""
        assert labels.low is not None and labels.high is not None
        off = abs((record["true"] - labels.low) / (labels.high - labels.low) - record["similarity"])
        return off if off > _NEAR else None

    def detail(
        self, logits: NDArray[np.float32], rows: Rows, labels: Labels, groups: NDArray[Any] | None = None
    ) -> dict[str, Any]:
        """Points of grades and similarities, and what to mind of the intervals."""
        assert rows.targets is not None
        return label_scores.detail(logits, rows.targets, labels, groups)

    def sections(self, report: Report, labels: Labels) -> list[Section]:
        """Similarities against grades."""
        title = say("embedding.scatter")
        points = report.extra.get("scatter")
        return [Scatter(title, title, points, (say("embedding.grade"), say("embedding.similarity")))] if points else []

    def snippet(self, labels: Labels, params: Filled, *, pairs: bool) -> list[str]:
        """Lines that compare two texts."""
        return ['print(model.similarity(model.encode_query(["..."]), model.encode_document(["..."])))']


__all__ = ["PairWords"]
