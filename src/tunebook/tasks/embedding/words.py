"""What users read: of pairs with a grade the cosine of the two texts, of queries the passages that are nearest, of
texts with a class the class of the nearest one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.batch import Batch
from tunebook.core.explains import Aim, Using
from tunebook.core.hits import Hits
from tunebook.core.messages import say
from tunebook.core.nouns import Labels, Report
from tunebook.core.sections import Brief, Column, Scatter, Section, Table
from tunebook.core.settings import Filled
from tunebook.core.task import Task
from tunebook.tasks import label_scores
from tunebook.tasks.embedding.grades import alike, alike_from
from tunebook.tasks.embedding.neighbours import SCALE
from tunebook.tasks.label_metrics import decided
from tunebook.tasks.label_words import LabelWords
from tunebook.tasks.ranking.scores import TOP, hits
from tunebook.tasks.ranking.words import RankingWords

Array = NDArray[Any]
_NEAR = 1e-6  # of a float32 that was made of a grade and back


def are_graded(labels: Labels) -> bool:
    """Whether rows are pairs with a grade."""
    return labels.problem == "regression"


def have_classes(labels: Labels) -> bool:
    """Whether rows are texts with a class each."""
    return labels.kind.classes == "one"


def _space(report: Report) -> list[Section]:
    """Alignment and uniformity of the model and, where it was asked, of its base model."""
    figures: dict[str, dict[str, float]] = report.extra.get("space") or {}
    if not figures:
        return []
    names = [Column(say("embedding.figure"), "name"), Column(say("embedding.this_model"), "number")]
    columns = (*names, Column(say("embedding.base_model"), "number"))
    rows = tuple((say(f"embedding.{name}"), each.get("model"), each.get("base")) for name, each in figures.items())
    return [Table(say("embedding.space"), columns, rows)]


class PairWords(Task):
    """What users read of pairs with a grade."""

    def say(self, answers: Array, rows: Rows, labels: Labels) -> list[dict[str, Any]]:
        """Each pair's `similarity`, from -1 to 1."""
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

    def badness(self, record: Mapping[str, Any], labels: Labels) -> float | None:
        """How far the similarity is from the grade, the lowest grade 0 and the highest 1."""
        assert labels.low is not None and labels.high is not None
        off = abs((record["true"] - labels.low) / (labels.high - labels.low) - record["similarity"])
        return off if off > _NEAR else None

    def detail(
        self, answers: NDArray[np.float32], rows: Rows, labels: Labels, groups: NDArray[Any] | None = None
    ) -> dict[str, Any]:
        """Points of grades and similarities, and what to mind of the intervals."""
        assert rows.targets is not None
        return label_scores.detail(answers, rows.targets, labels, groups)

    def sections(self, report: Report, labels: Labels) -> list[Section]:
        """Similarities against grades."""
        title, points = say("embedding.scatter"), report.extra.get("scatter")
        return [Scatter(title, title, points, (say("embedding.grade"), say("embedding.similarity")))] if points else []

    def decided(self, answers: NDArray[np.float32], labels: Labels) -> Array:
        """Similarities as they are."""
        return answers


class ClassWords(LabelWords):
    """What users read of texts with a class: what they read of any classes."""

    def detail(
        self, answers: NDArray[np.float32], rows: Rows, labels: Labels, groups: NDArray[Any] | None = None
    ) -> dict[str, Any]:
        """Per class, confusion matrix and reliability, and what to mind of the intervals."""
        assert rows.targets is not None
        return label_scores.detail(answers, rows.targets, labels, groups)


def _words(labels: Labels) -> type[Task]:
    """Whose words are those of such rows; a task has them without being one."""
    return PairWords if are_graded(labels) else ClassWords if have_classes(labels) else RankingWords


def _of(answer: Mapping[str, Any]) -> type[Task]:
    """The same by an answer."""
    return PairWords if "similarity" in answer else RankingWords if "passages" in answer else ClassWords


def _like(label: Any) -> type[Task]:
    """The same by a label of `true` or of an answer: passages, a class or a number."""
    return RankingWords if isinstance(label, list) else ClassWords if isinstance(label, str) else PairWords


class EmbeddingWords(Task):
    """The part of the task that users read: each method is that of the words for such rows."""

    pipeline: ClassVar[str] = "sentence-similarity"
    library: ClassVar[str] = "sentence-transformers"
    auto_model: ClassVar[str] = "SentenceTransformer"
    probes: ClassVar[tuple[str, ...]] = ("base",)

    def aims(self, outputs: Any, batch: Batch, rows: Rows, labels: Labels, using: Using) -> Sequence[Aim]:
        """The cosine of two texts, by the words of either."""
        from tunebook.tasks.embedding.aims import aims

        return aims(outputs, rows)

    def say(self, answers: Array, rows: Rows, labels: Labels) -> list[dict[str, Any]]:
        """Each pair's `similarity`; of queries the nearest passages, the cosine as their score; or a class."""
        self.metrics(labels)  # refuses labels of any other kind
        return _words(labels).say(self, answers, rows, labels)

    def true(self, targets: Array, rows: Rows, labels: Labels) -> list[Any]:
        """The grade of each pair, the relevant passages of each query, or the class of each text."""
        return _words(labels).true(self, targets, rows, labels)

    def blank(self, labels: Labels) -> dict[str, Any]:
        """No similarity, no passages, no class."""
        return _words(labels).blank(self, labels)

    def options(self, labels: Labels) -> frozenset[str]:
        """Those of passages and classes; a pair has one similarity."""
        return _words(labels).options(self, labels)

    def narrow(
        self, answer: dict[str, Any], top_k: int | None, reject_below: float | None
    ) -> tuple[dict[str, Any], bool]:
        """A pair's answer as it is, fewer passages or classes."""
        return _of(answer).narrow(self, answer, top_k, reject_below)

    def shown(self, label: Any) -> str:
        """A number, passages, or a class."""
        return _like(label).shown(self, label)

    def brief(self, answer: Mapping[str, Any], few: int | None = None) -> Brief:
        """The similarity, the best passage, or the class."""
        return _of(answer).brief(self, answer, few)

    def in_full(self, answer: Mapping[str, Any]) -> str:
        """The similarity, the passages in their order, or the class."""
        return _of(answer).in_full(self, answer)

    def badness(self, record: Mapping[str, Any], labels: Labels) -> float | None:
        """How far the similarity is from the grade; of queries 1 less NDCG; of classes how sure the wrong one was."""
        return _words(labels).badness(self, record, labels)

    def score_heading(self, labels: Labels) -> str:
        """Of passages the cosine, or that of classes; the similarity of a pair is the answer itself."""
        words = _words(labels)
        return say("embedding.cosine") if words is RankingWords else words.score_heading(self, labels)

    def mistakes(self, records: Sequence[Mapping[str, Any]], labels: Labels) -> Table:
        """Rows as those of any task, or queries."""
        return _words(labels).mistakes(self, records, labels)

    def detail(
        self, answers: NDArray[np.float32], rows: Rows, labels: Labels, groups: NDArray[Any] | None = None
    ) -> dict[str, Any]:
        """Similarities and grades, the ranks of what is relevant, or what is said of classes."""
        return _words(labels).detail(self, answers, rows, labels, groups)

    def sections(self, report: Report, labels: Labels) -> list[Section]:
        """What a page shows of such rows, and how the vectors lie."""
        return [*_words(labels).sections(self, report, labels), *_space(report)]

    def snippet(self, labels: Labels, params: Filled, *, pairs: bool) -> list[str]:
        """Lines that compare two texts."""
        return ['print(model.similarity(model.encode_query(["..."]), model.encode_document(["..."])))']

    def mean(self, answers: Sequence[NDArray[np.float32]], labels: Labels) -> NDArray[np.float32]:
        """Of similarities, of the scores of passages, or of the probabilities of classes."""
        return _words(labels).mean(self, answers, labels)

    def matches_from(self, labels: Labels) -> float | None:
        """Four fifths of the way to the highest grade; of passages any gain."""
        if labels.low is None or labels.high is None or not are_graded(labels):
            return None
        return alike_from(labels)

    def hits(self, answers: NDArray[np.float32], targets: Array, labels: Labels, least: float | None) -> Hits:
        """Each pair; the ten best passages of each query, as a search shows them; or each text with the cosine of the
        nearest one, which matches where it is of the same class."""
        count = len(targets)
        rows, none = np.arange(count), np.zeros(count, dtype=np.int64)
        if have_classes(labels):
            return Hits(rows, answers.max(1) / SCALE, decided(answers, labels) == targets, none)
        if least is None or not are_graded(labels):
            return hits(answers, targets, least, TOP)
        return Hits(rows, answers[:, 0], alike(targets, labels, least), none)

    def decided(self, answers: NDArray[np.float32], labels: Labels) -> Array:
        """Similarities, passages in their order, or a class."""
        return _words(labels).decided(self, answers, labels)


__all__ = ["ClassWords", "EmbeddingWords", "PairWords", "are_graded", "have_classes"]
