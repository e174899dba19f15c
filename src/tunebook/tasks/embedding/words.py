"""What users read: of pairs with a grade the cosine of the two texts, of queries the passages that are nearest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.hits import Hits
from tunebook.core.messages import say
from tunebook.core.nouns import Labels, Report
from tunebook.core.sections import Brief, Column, Scatter, Section, Table
from tunebook.core.settings import Filled
from tunebook.core.task import Task
from tunebook.tasks import label_scores
from tunebook.tasks.ranking.scores import TOP, hits
from tunebook.tasks.ranking.words import RankingWords

Array = NDArray[Any]
_HIGH = 0.8  # of the way from the lowest grade to the highest: from here on a pair matches
_NEAR = 1e-6  # of a float32 that was made of a grade and back


def are_graded(labels: Labels) -> bool:
    """Whether rows are pairs with a grade, and not queries with passages."""
    return labels.problem == "regression"


def _space(report: Report) -> list[Section]:
    """Alignment and uniformity of the model and, where it was asked, of its base model."""
    figures: dict[str, dict[str, float]] = report.extra.get("space") or {}
    if not figures:
        return []
    names = [Column(say("embedding.figure"), "name"), Column(say("embedding.this_model"), "number")]
    columns = (*names, Column(say("embedding.base_model"), "number"))
    rows = tuple((say(f"embedding.{name}"), each.get("model"), each.get("base")) for name, each in figures.items())
    return [Table(say("embedding.space"), columns, rows)]


def _ranked(task: Task) -> RankingWords:
    """The task as one that puts passages in order, whose words it has for queries."""
    return cast(RankingWords, task)


class EmbeddingWords(Task):
    """The part of the task that users read."""

    pipeline: ClassVar[str] = "sentence-similarity"
    library: ClassVar[str] = "sentence-transformers"
    auto_model: ClassVar[str] = "SentenceTransformer"

    def say(self, answers: Array, rows: Rows, labels: Labels) -> list[dict[str, Any]]:
        """Each pair's `similarity`, from -1 to 1; of queries the nearest passages, the cosine as their score."""
        self.metrics(labels)  # refuses labels of any other kind
        if are_graded(labels):
            return [{"similarity": float(row[0])} for row in answers]
        return RankingWords.say(_ranked(self), answers, rows, labels)

    def true(self, targets: Array, rows: Rows, labels: Labels) -> list[Any]:
        """The grade of each pair, or the relevant passages of each query."""
        return (
            [float(target) for target in targets]
            if are_graded(labels)
            else RankingWords.true(_ranked(self), targets, rows, labels)
        )

    def blank(self, labels: Labels) -> dict[str, Any]:
        """No similarity, no passages."""
        return {"similarity": None} if are_graded(labels) else RankingWords.blank(_ranked(self), labels)

    def options(self, labels: Labels) -> frozenset[str]:
        """Those of passages; a pair has one similarity."""
        return frozenset() if are_graded(labels) else RankingWords.options(_ranked(self), labels)

    def narrow(
        self, answer: dict[str, Any], top_k: int | None, reject_below: float | None
    ) -> tuple[dict[str, Any], bool]:
        """A pair's answer as it is."""
        return (
            (answer, False)
            if "similarity" in answer
            else RankingWords.narrow(_ranked(self), answer, top_k, reject_below)
        )

    def shown(self, label: Any) -> str:
        """A number, or passages."""
        if isinstance(label, list):
            return RankingWords.shown(_ranked(self), label)
        return "–" if label is None else f"{label:.4g}"

    def brief(self, answer: Mapping[str, Any], few: int | None = None) -> Brief:
        """The similarity, or the best passage."""
        return (
            Brief(self.shown(answer["similarity"]))
            if "similarity" in answer
            else RankingWords.brief(_ranked(self), answer, few)
        )

    def badness(self, record: Mapping[str, Any], labels: Labels) -> float | None:
        """How far the similarity is from the grade, the lowest grade 0 and the highest 1; of queries 1 less NDCG."""
        if not are_graded(labels):
            return RankingWords.badness(_ranked(self), record, labels)
        assert labels.low is not None and labels.high is not None
        off = abs((record["true"] - labels.low) / (labels.high - labels.low) - record["similarity"])
        return off if off > _NEAR else None

    def mistakes(self, records: Sequence[Mapping[str, Any]], labels: Labels) -> Table:
        """Pairs as rows of any task, or queries."""
        return (
            super().mistakes(records, labels)
            if are_graded(labels)
            else RankingWords.mistakes(_ranked(self), records, labels)
        )

    def detail(
        self, answers: NDArray[np.float32], rows: Rows, labels: Labels, groups: NDArray[Any] | None = None
    ) -> dict[str, Any]:
        """Points of grades and similarities, and what to mind of the intervals; or the ranks of what is relevant."""
        if not are_graded(labels):
            return RankingWords.detail(_ranked(self), answers, rows, labels, groups)
        assert rows.targets is not None
        return label_scores.detail(answers, rows.targets, labels, groups)

    def sections(self, report: Report, labels: Labels) -> list[Section]:
        """Similarities against grades, or the ranks; and how the vectors lie."""
        lie = _space(report)
        if not are_graded(labels):
            return [*RankingWords.sections(_ranked(self), report, labels), *lie]
        title, points = say("embedding.scatter"), report.extra.get("scatter")
        axes = (say("embedding.grade"), say("embedding.similarity"))
        return [*([Scatter(title, title, points, axes)] if points else []), *lie]

    def snippet(self, labels: Labels, params: Filled, *, pairs: bool) -> list[str]:
        """Lines that compare two texts."""
        return ['print(model.similarity(model.encode_query(["..."]), model.encode_document(["..."])))']

    def mean(self, answers: Sequence[NDArray[np.float32]], labels: Labels) -> NDArray[np.float32]:
        """Of similarities, or of the scores of passages."""
        return (
            super().mean(answers, labels) if are_graded(labels) else RankingWords.mean(_ranked(self), answers, labels)
        )

    def matches_from(self, labels: Labels) -> float | None:
        """Four fifths of the way to the highest grade; of passages any gain."""
        if labels.low is None or labels.high is None or not are_graded(labels):
            return None
        return labels.low + _HIGH * (labels.high - labels.low)

    def hits(self, answers: NDArray[np.float32], targets: Array, labels: Labels, least: float | None) -> Hits:
        """Each pair, or the ten best passages of each query, as a search shows them."""
        if least is None or not are_graded(labels):
            return hits(answers, targets, least, TOP)
        right = np.asarray(targets, dtype=np.float64) >= least - _NEAR
        count = len(right)
        return Hits(np.arange(count), answers[:, 0], right, np.zeros(count, dtype=np.int64))

    def decided(self, answers: NDArray[np.float32], labels: Labels) -> Array:
        """Similarities, or passages in their order."""
        return answers if are_graded(labels) else RankingWords.decided(_ranked(self), answers, labels)


__all__ = ["EmbeddingWords", "are_graded"]
