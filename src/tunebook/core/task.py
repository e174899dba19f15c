"""What a task is: the kind of model that is trained, and how its answers are scored."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from tunebook.core.answers import Rows
from tunebook.core.batch import Batch, Criterion, Items, Measures
from tunebook.core.errors import PlanError
from tunebook.core.hits import Hits
from tunebook.core.hooks import Hooks
from tunebook.core.metric import Metric, Scorer, intervals, scores
from tunebook.core.nouns import Interval, Labels
from tunebook.core.params import Params
from tunebook.core.searches import Mates, Searches, searching
from tunebook.core.settings import Filled

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from tunebook.core.encoded import Encoded


class Task(Hooks):
    """One kind of fine-tuning job.

    Class attributes:
        key: name in book.toml and in plans.
        gives: what techniques may rely on: `layers` and `embeddings` of the model; a `head` of the task's own for the
            labels; `item_logits`, logits of the items that a loss is a mean of (rows, tokens), which can be compared;
            `row_logits`, the items being the rows and their logits the answers; `answer_logits`, those of rows or of
            the tokens of a written answer; `free_tokens`, answers that do not hang on the places of tokens, so that
            others may stand before those of a text; `sequences`, the criterion being a `Sequential`; `vectors`, the
            logits being one vector a text; `words`, answers that the base model's own output layer says.
        scored: kind of labels -> its metrics, the headline first.
        own: rows of a table that this task alone reads, under its key; None for none.
        one_line: as a rule its rows are read in one line without padding; grouped by length they would only be alike.
        in_parts: tests show that it trains as in one process where each holds a part of every weight.
    """

    key: ClassVar[str]
    gives: ClassVar[frozenset[str]]
    scored: ClassVar[Mapping[str, tuple[Metric, ...]]]
    own: ClassVar[type[Params] | None] = None
    most_unlearnt: ClassVar[float] = 1.0  # share of the training rows without anything to learn that is borne
    one_line: ClassVar[bool] = False
    in_parts: ClassVar[bool] = False

    def filled(self, own: Params, folder: Path, labels: Labels, name: str = "") -> Params:
        """The rows of `own` with all that they leave open.

        Args:
            folder: of the base model; name: as the user gave it.
        """
        return own

    def settled(self, params: Filled, folder: Path, labels: Labels, name: str) -> Filled:
        """Settings with the rows of `own`, which are filled."""
        if self.own is None:
            return params
        found = self.filled(params.more(self.own), folder, labels, name).model_dump()
        return params.model_copy(update={f"{self.own.key}.{field}": value for field, value in found.items()})

    def whole(self, labels: Labels, params: Filled) -> bool:
        """Whether the loss holds the rows of a batch against each other, so that it is another one where they are
        split: such a step is one forward pass on one process."""
        return False

    def same_at_looks(self, labels: Labels) -> bool:
        """Whether what models answer to validation rows while they are trained may judge them: as a rule what they
        answer afterwards."""
        return "head" in self.gives

    def reader(self, tokenizer: Any, params: Filled) -> Any:
        """A base model's tokenizer as this task reads with it; it is kept with what is trained."""
        return tokenizer

    def seen(self, rows: Rows, params: Filled) -> Rows:
        """Rows as `encode` is to read them with these settings, such as with what is put in front of each text."""
        return rows

    def counted(self, rows: Rows, tokenizer: Any) -> Rows:
        """Texts as they are read at once, by which the lengths of inputs are counted: as a rule those of the rows, and
        where these are queries, their judged passages too, each by itself."""
        return rows.with_judged()

    def metrics(self, labels: Labels) -> tuple[Metric, ...]:
        """All metrics of answers to rows with these labels; the first is the headline.

        Raises:
            PlanError: `labels.kind`: the task has no such labels.
        """
        found = self.scored.get(labels.kind.key)
        if found is None:
            raise PlanError("labels.kind", key="problem", value=labels.problem, allowed=" | ".join(self.scored))
        return found

    def metric(self, labels: Labels, key: str) -> Metric:
        """One of them. Raises a KeyError where there is none of that name."""
        return {metric.key: metric for metric in self.metrics(labels)}[key]

    def headline(self, labels: Labels) -> str:
        """Name of the metric that the task is judged by; larger is better."""
        return self.metrics(labels)[0].key

    def judges(self, labels: Labels) -> tuple[str, ...]:
        """Metrics that may choose a checkpoint and judge a test: of each, more is better."""
        return tuple(metric.key for metric in self.metrics(labels) if metric.better == "more")

    @abstractmethod
    def skeleton(self, folder: Path, labels: Labels, params: Filled) -> Any:
        """The model of `build` on torch's meta device: names and shapes without weights."""

    @abstractmethod
    def build(self, folder: Path, labels: Labels, params: Filled) -> Any:
        """The model with a fresh head for these labels, from a base model's folder."""

    @abstractmethod
    def load(self, folder: Path) -> Any:
        """A trained model from its folder."""

    @abstractmethod
    def encode(self, rows: Rows, tokenizer: Any, max_length: int) -> Encoded:
        """Tokens of each row, cut at `max_length`; with `labels` where the rows have targets."""

    def lines(self, encoded: Encoded) -> NDArray[np.int64]:
        """How many lines `collate` makes of each row, shape (N,)."""
        return np.ones(len(encoded), dtype=np.int64)

    def unsaid(self, encoded: Encoded) -> int:
        """How many of the answers that are true of these rows no output can say, because of how they were cut into
        tokens."""
        return 0

    def unlearnt(self, labels: Labels, params: Filled, encoded: Encoded) -> NDArray[np.bool_]:
        """Which of these training rows have nothing that the loss learns from, shape (N,): they are left out."""
        return np.zeros(len(encoded), dtype=bool)

    @abstractmethod
    def collate(self, encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
        """A padded batch of tensors, of the rows with these numbers. A row that has several lines of tokens has each of
        its columns as often."""

    @abstractmethod
    def criterion(self, labels: Labels, params: Filled, rows: Encoded) -> Criterion:
        """What is minimised, for these settings; `rows` are those of training, by which classes may be weighed."""

    def mean(self, answers: Sequence[NDArray[np.float32]], labels: Labels) -> NDArray[np.float32]:
        """What several models answer, each (N, outputs), as the answers of one: as a rule the logits of their mean
        probability, or the mean of numbers."""
        from tunebook.core.answers import mean

        return mean(answers, labels.kind.link)

    def renamed(self, answers: NDArray[np.float32], old: Labels, new: Labels) -> NDArray[np.float32]:
        """Answers (N, outputs) of a model for some labels as those of one for others, which may be more."""
        from tunebook.core.answers import renamed

        return renamed(answers, old, new)

    def decided(self, answers: NDArray[np.float32], labels: Labels) -> NDArray[Any]:
        """What answers (N, k) say of each row, as numbers (N, m) that are the same where they say the same: the
        class of the highest output, yes or no of each class, or the number itself."""
        if labels.kind.link == "softmax":
            return np.asarray(answers.argmax(axis=1))[:, None]
        return answers > 0 if labels.kind.link == "sigmoid" else answers

    def present(self, targets: NDArray[Any], labels: Labels) -> NDArray[np.int64]:
        """How often each row has each class that is to be found, shape (N, C); C is 0 where rows have no classes."""
        return np.zeros((len(targets), 0), dtype=np.int64)

    def found(self, answers: NDArray[np.float32], targets: NDArray[Any], labels: Labels) -> NDArray[np.int64]:
        """How many of those that `present` counts answers (N, k) have found, shape (N, C)."""
        return np.zeros((len(targets), 0), dtype=np.int64)

    def scores(self, answers: NDArray[np.float32], targets: NDArray[Any], labels: Labels) -> dict[str, float]:
        """Metric -> value, on answers (N, k) and targets."""
        return scores(self.metrics(labels), answers, targets, labels)

    def intervals(
        self, answers: NDArray[np.float32], targets: NDArray[Any], labels: Labels, groups: NDArray[Any] | None = None
    ) -> dict[str, Interval]:
        """Metric -> value with its interval; `groups` (N,) say which rows were drawn together."""
        return intervals(self.metrics(labels), answers, targets, labels, groups)

    def row_scores(
        self, answers: NDArray[np.float32], targets: NDArray[Any], labels: Labels, metric: str
    ) -> NDArray[np.float64] | None:
        """Score of each row, shape (N,), of a metric that is their mean; None for one that is no such mean."""
        asked = self.metric(labels, metric)
        return asked.each(asked.rows(answers, targets, labels))

    def scorer(self, answers: NDArray[np.float32], targets: NDArray[Any], labels: Labels, metric: str) -> Scorer:
        """A metric as a quick function of row numbers; NaN where those rows' targets leave none."""
        asked = self.metric(labels, metric)
        return asked.scorer(asked.rows(answers, targets, labels))

    def detail(
        self, logits: NDArray[np.float32], rows: Rows, labels: Labels, groups: NDArray[Any] | None = None
    ) -> dict[str, Any]:
        """What a report shows beside the metrics: `per_class`, `confusion`, `extra`, `interval_notes`; each may be
        missing."""
        return {}


@runtime_checkable
class Draws(Protocol):
    """A task whose targets are drawn at random, such as the masked tokens of a language model."""

    def drawn(self, encoded: Encoded, tokenizer: Any, params: Filled, seed: Sequence[int]) -> Encoded:
        """The rows as this draw shows them; the same for the same seed, however they are shared out later."""


@runtime_checkable
class Reads(Protocol):
    """A task that keeps something else of a batch's outputs than the logits of its head."""

    def read(self, outputs: Any, batch: Batch, model: Any) -> Tensor:
        """What is kept of each row, shape (rows, columns); the model may know more than its outputs say."""


@runtime_checkable
class Passes(Protocol):
    """A task that makes less of a batch than its model would, where `read` needs no more."""

    def passed(self, model: Any, batch: Batch) -> Any:
        """The outputs that `read` reads."""


@runtime_checkable
class Matches(Protocol):
    """A task whose answers score pairs of texts, so that a threshold says which of them match."""

    def matches_from(self, labels: Labels) -> float | None:
        """Grade from which on a pair matches where nothing is said; None for any gain above 0."""

    def hits(self, answers: NDArray[np.float32], targets: NDArray[Any], labels: Labels, least: float | None) -> Hits:
        """The pairs of answers (N, k) with their scores; a match has a grade or gain of `least` or more."""


@runtime_checkable
class Spaces(Protocol):
    """A task that makes vectors, and can say how these lie."""

    def space(
        self, rows: Rows, labels: Labels, vectors: Callable[[Sequence[str]], NDArray[np.float32]]
    ) -> dict[str, float]:
        """Figures by their names, of rows as `seen` gives them; `vectors` makes those of texts as they stand."""


@runtime_checkable
class Spreads(Protocol):
    """A task whose answers say nothing where all of a row's are alike, so that a training which gets stuck there is
    stopped."""

    def spread(self, answers: NDArray[np.float32]) -> float:
        """How far apart the answers (N, k) of a row are, as a rule; 0 where nothing is told apart, NaN where that
        cannot be said."""


@runtime_checkable
class Plain(Protocol):
    """A task of which some models are known without transformers, which takes seconds to import."""

    def kind(self, folder: Path, labels: Labels) -> Any:
        """What the model of `build` is made of, an `Architecture`; None where transformers has to be asked."""

    def plain(self, folder: Path, labels: Labels) -> Any:
        """A trained model that only answers, as that of `load` does to the last bit; None where that is not to be
        had.
        """


@dataclass(frozen=True)
class OtherBook:
    """Another book, its rows tokenised like those of the book that is trained.

    Attributes:
        name: of its folder; task: that of both books; labels: of its rows; train, validation: these.
    """

    name: str
    task: Task
    labels: Labels
    train: Encoded
    validation: Encoded


__all__ = [
    "Criterion", "Draws", "Items", "Matches", "Mates", "Measures", "OtherBook", "Passes", "Plain", "Reads", "Rows",
    "Searches", "Spaces", "Spreads", "Task", "searching",
]  # fmt: skip
