"""What a task shows of its answers, and what it is compared with, with what holds where it says nothing of its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from tunebook.core.answers import Rows
from tunebook.core.messages import say
from tunebook.core.nouns import DataRef, Labels, Plan, Report, Split
from tunebook.core.params import Value
from tunebook.core.sections import Annotated, Brief, Column, Section, Table
from tunebook.core.settings import Filled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class BaselineInput:
    """What cheap models are made of.

    Attributes:
        rows: `train`, `validation` and the split that is answered.
        features: what the frozen base model makes of texts, shape (N, hidden).
    """

    plan: Plan
    data: DataRef
    split: Split
    rows: Mapping[Split, Rows]
    features: Callable[[Sequence[str]], NDArray[np.float32]]

    @property
    def chooses(self) -> NDArray[Any] | None:
        """Targets of the validation rows, where they may choose a setting; None where they are answered themselves."""
        return None if self.split == "validation" else self.rows["validation"].targets


# Texts of few words, with names in them, for cases.
SENTENCES = (
    "Anna went to Oslo and the room was great",
    "the hotel in New York was dirty and Ben was sad",
    "we found it",
    "Ben and Anna went from New York to Oslo",
    "the food was plain",
    "it was the usual room in the usual hotel and we found it slow",
    "Oslo",
    "Anna found the hotel and the food great and Ben found it poor",
    "sad and slow was the room Ben found in Oslo",
    "New York was great",
)


@dataclass(frozen=True)
class Case:
    """Rows by which the contract suite checks a task.

    Attributes:
        rows: at least nine, of fewer than 45 words, with targets where the task takes them from its rows.
        right: answers (N, k) that are all right; None where there are none.
        params: settings beside the defaults.
        base: what the base model is.
    """

    name: str
    labels: Labels
    rows: Rows
    right: NDArray[np.float32] | None = None
    params: Mapping[str, Value] = field(default_factory=dict)
    base: Literal["encoder", "decoder", "seq2seq"] = "encoder"

    @classmethod
    def of(cls, name: str, labels: Labels, texts: Sequence[str] = SENTENCES, **more: Any) -> Case:
        """Single texts, of which only these are named."""
        rows = Rows(texts, None, more.pop("targets", None), [str(number) for number in range(len(texts))])
        return cls(name, labels, rows, **more)


@dataclass(frozen=True)
class Writer:
    """A format of files that answers are written in beside tables.

    Attributes:
        suffix: of its one file, such as `.conll`; empty for a folder of files.
        write: from texts and what was said of each, the name of each file (of one file it does not matter) and what it
            holds.
    """

    suffix: str
    write: Callable[[Sequence[str], Sequence[Mapping[str, Any]]], Mapping[str, str]]


class Hooks(ABC):
    """What a task shows of its answers and is compared with; all but `say` and `true` has a default, which a task may
    replace.

    Class attributes:
        pipeline, library: of the model card, as the Hugging Face hub names them; a task without has no card.
        auto_model: class of that library that loads a trained model.
        alone: a text by itself can be answered; other tasks need passages beside it.
        windows: a text that is longer than `max_length` is read in parts, so that nothing of it is cut.
        records: an answer is a list of records, such as spans, which may be empty.
        polyglot: a base model for such answers that reads many languages, named where that of a book does not read its
            texts; without one encoders are named.
        probes: the baselines by which base models are compared before anything is fine-tuned, of each model the first
            that it has; none where nothing can be told.
    """

    pipeline: ClassVar[str] = ""
    library: ClassVar[str] = "transformers"
    auto_model: ClassVar[str] = "AutoModel"
    alone: ClassVar[bool] = True
    windows: ClassVar[bool] = False
    records: ClassVar[bool] = False
    polyglot: ClassVar[str] = ""
    probes: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def say(self, answers: NDArray[Any], rows: Rows, labels: Labels) -> list[dict[str, Any]]:
        """Answers (N, k) in the user's words, one record a row with the keys of `blank`. Places in a text are those in
        the text as the user gave it (`Rows.place`)."""

    @abstractmethod
    def true(self, targets: NDArray[Any], rows: Rows, labels: Labels) -> list[Any]:
        """Targets (N, ...) in the user's words, as the first part of what `say` says."""

    def blank(self, labels: Labels) -> dict[str, Any]:
        """What is said of a row with nothing to read; its keys are those of every answer, the answer itself first."""
        return {"label": None}

    def options(self, labels: Labels) -> frozenset[str]:
        """Which of `top_k` and `reject_below` mean something of such answers."""
        return frozenset()

    def narrow(
        self, answer: dict[str, Any], top_k: int | None, reject_below: float | None
    ) -> tuple[dict[str, Any], bool]:
        """An answer with the best `top_k` scores, without what scores less than `reject_below`; and whether it did."""
        return answer, False

    def writers(self) -> Mapping[str, Writer]:
        """Name -> format, of the formats that this task's answers are written in beside tables."""
        return {}

    def shown(self, label: Any) -> str:
        """A label of `true` or of an answer, as a page and a screen show it."""
        return str(label)

    def brief(self, answer: Mapping[str, Any], few: int | None = None) -> Brief:
        """An answer on one line.

        Args:
            few: runners-up that are shown; None shows the next best, as far as there is one.
        """
        return Brief(self.shown(next(iter(answer.values()))))

    def in_full(self, answer: Mapping[str, Any]) -> str:
        """An answer as somebody judges it, nothing of it left out; as a rule as a page shows it, without scores."""
        return self.shown(next(iter(answer.values())))

    def badness(self, record: Mapping[str, Any], labels: Labels) -> float | None:
        """How bad a mistake is, to show the worst ones first; None for a right answer.

        Args:
            record: `true`, and the answer of `say`.
        """
        return 0.0 if record["true"] != record[self._answer(labels)] else None

    def score_heading(self, labels: Labels) -> str:
        """What the column of scores beside mistakes is called; empty where there is none."""
        return ""

    def mistakes(self, records: Sequence[Mapping[str, Any]], labels: Labels) -> Table:
        """A table of mistakes in the order given.

        Args:
            records: `id`, `text`, `pair` where rows are pairs, `true`, and the answer of `say`.
        """
        key, scored = self._answer(labels), self.score_heading(labels)
        columns = [
            Column(say("report.id"), "soft"),
            Column(say("report.text"), "text"),
            Column(say("report.true"), "right"),
            Column(say("report.predicted"), "wrong"),
            *([Column(scored, "number")] if scored else []),
        ]
        rows = [
            (
                str(record.get("id", "")),
                Annotated(str(record.get("text", "")), record.get("pair")),
                self.shown(record["true"]),
                self.shown(record[key]),
                *([record.get("score")] if scored else []),
            )
            for record in records
        ]
        caption = say("report.errors_caption", count=len(rows))
        return Table(caption, tuple(columns), tuple(rows), whole=True)

    def sections(self, report: Report, labels: Labels) -> list[Section]:
        """What a page shows of this task's answers beside the scores, from what `detail` found."""
        return []

    def notices(self, scores: Mapping[str, float]) -> list[str]:
        """What the scores on validation rows, of the model that a training kept, give cause to tell."""
        return []

    def snippet(self, labels: Labels, params: Filled, *, pairs: bool) -> list[str]:
        """Lines of Python that answer a text (or a pair) with `model` and `tokenizer`, for the model card."""
        return []

    def card_notes(self, labels: Labels) -> list[str]:
        """What to mind where other programs load the model."""
        return []

    def baselines(self, given: BaselineInput) -> Mapping[str, Callable[[], NDArray[Any]]]:
        """Name -> function that trains a cheap model and gives its answers (N, k) to the rows of `given.split`."""
        return {}

    def read_share(self, stats: Mapping[str, Any], techniques: Mapping[str, Mapping[str, Value]]) -> float:
        """Share of what a row has to read that a step of training reads.

        Args:
            stats: figures of the data; techniques: those that are on, with their rows.
        """
        return 1.0

    def parted(self, length: int, room: int) -> int:
        """In how many lines of `room` tokens a longer text is read, of a task with `windows`: as a rule each shares a
        quarter with the next."""
        return 1 + max(-(-(length - room) // (room - room // 4)), 0)

    def left_out(self, stats: Mapping[str, Any], params: Filled) -> int:
        """How many training rows `unlearnt` will name, where the figures of the data tell."""
        return 0

    def check(self, stats: Mapping[str, Any], params: Filled) -> None:  # noqa: B027 - a hook: most data will do
        """Refuse data from which the task could not be learnt, or not with these settings.

        Raises:
            PlanError: with what to do.
        """

    def enough_shown(self, params: Filled, positives: int, negatives: int) -> bool:
        """Whether anything can be learnt where at most so many relevant and other passages of a query are shown."""
        return negatives > 0

    def proposes(self, stats: Mapping[str, Any]) -> Mapping[str, Value]:
        """Rows that a first table for such data is to have, in place of what the rules say of any; the reason stands
        in the catalogue as `propose.TASK`, or, where a row or technique has its own, as `propose.TASK.ROW`.

        Args:
            stats: figures of the data, and the width of the base model as `hidden`.
        """
        return {}

    def idle(self, labels: Labels) -> Mapping[str, Value]:
        """Settings that cannot act on these labels, with the value that turns them off."""
        return {}

    @classmethod
    def cases(cls) -> tuple[Case, ...]:
        """Rows and labels that the contract suite runs; none for a task that is not checked."""
        return ()

    def _answer(self, labels: Labels) -> str:
        """The key of the answer itself."""
        return next(iter(self.blank(labels)))


__all__ = ["SENTENCES", "BaselineInput", "Case", "Hooks", "Writer"]
