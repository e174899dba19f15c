"""Question answering: the place in a text that answers a question, or that there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle import answer_windows as windows
from tunebook.bundle import said
from tunebook.bundle.said import ALWAYS, Said
from tunebook.core.answers import Rows
from tunebook.core.batch import Batch, Criterion
from tunebook.core.encoded import Encoded
from tunebook.core.explains import Aim, Using
from tunebook.core.extracts import Extract, packed
from tunebook.core.hooks import SENTENCES, BaselineInput, Case
from tunebook.core.metric import Metric
from tunebook.core.nouns import Labels
from tunebook.core.params import Params, Value
from tunebook.core.settings import Filled
from tunebook.models.source import read_config
from tunebook.tasks.question_answering.rows import AnswerRows
from tunebook.tasks.question_answering.scores import METRICS, best_threshold
from tunebook.tasks.question_answering.words import AnswerWords

_QUESTION = 16  # tokens of a usual question, with the signs around it
_ALL = 2  # metrics of all questions, which come first
# Fields of a model's config: tokens of an answer at most, and the margin from which on there is one (None: always).
LONGEST, THRESHOLD = "max_answer_tokens", "null_threshold"


class QuestionAnswering(AnswerWords):
    """The task `question_answering`: rows are a question and a context, the answer is a place in the context.

    Targets are texts that hold the acceptable places and the context (`tunebook.core.extracts`), answers matrices of
    the best places (`Said`); places are code points, ends exclusive.

    Source: Devlin et al. 2019 (arXiv:1810.04805), section 4.2 and 4.3.
    """

    key: ClassVar[str] = "question_answering"
    gives: ClassVar[frozenset[str]] = frozenset({"embeddings", "layers", "head"})
    scored: ClassVar[Mapping[str, tuple[Metric, ...]]] = {"answers": METRICS}
    own: ClassVar[type[Params] | None] = AnswerRows

    @classmethod
    def cases(cls) -> tuple[Case, ...]:
        """Questions of names in texts, with and without an answer, in short texts and in long ones, which are read in
        parts; and questions that all have one."""
        return (_case("none", SENTENCES), _case("long", _LONG), _case("every", _NAMED))

    def metrics(self, labels: Labels) -> tuple[Metric, ...]:
        """F1 and exact match, and, where some questions have no answer, those of either sort."""
        return super().metrics(labels)[: None if labels.low == 0 else _ALL]

    def build(self, folder: Path, labels: Labels, params: Filled) -> Any:
        """The model with its own head for places, or, where it has none, a fresh one.

        Raises:
            ModelError: transformers has no such head for this architecture, or the folder lacks weights of the encoder,
                which would then start at random.
        """
        from transformers import AutoModelForQuestionAnswering

        from tunebook.tasks.heads import check_whole, fresh

        model, found = fresh(AutoModelForQuestionAnswering, folder, _config(folder, labels, params))
        check_whole(model, found, folder)
        return model

    def skeleton(self, folder: Path, labels: Labels, params: Filled) -> Any:
        """The same model on torch's meta device: names and shapes, no weights, no memory.

        Raises:
            ModelError: as `build`.
        """
        from transformers import AutoModelForQuestionAnswering

        from tunebook.tasks.heads import weightless

        return weightless(AutoModelForQuestionAnswering, folder, _config(folder, labels, params))

    def load(self, folder: Path) -> Any:
        """A trained model as transformers itself loads it."""
        from transformers import AutoModelForQuestionAnswering

        from tunebook.models.stored import stored

        return stored(AutoModelForQuestionAnswering, folder)

    def encode(self, rows: Rows, tokenizer: Any, max_length: int) -> Encoded:
        """Windows of each row; see `tunebook.bundle.answer_windows`."""
        encoded = windows.encode(rows.texts, rows.pairs or [""] * len(rows), tokenizer, max_length)
        return encoded.with_fixed(labels=rows.targets, sample_weight=rows.weights)

    def parted(self, length: int, room: int) -> int:
        """The same behind a question of usual length."""
        return super().parted(length - _QUESTION, max(room - _QUESTION, 2))

    def lines(self, encoded: Encoded) -> NDArray[np.int64]:
        """Its windows."""
        return np.maximum.reduceat(encoded.flat[windows.WINDOW], encoded.offsets[:-1]).astype(np.int64) + 1

    def unsaid(self, encoded: Encoded) -> int:
        """Questions of which no acceptable answer begins and ends where tokens do."""
        from tunebook.tasks.question_answering.batches import unsaid

        return unsaid(encoded)

    def collate(self, encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
        """A line for each window of these rows."""
        from tunebook.tasks.question_answering.batches import collate

        return collate(encoded, rows, pad)

    def criterion(self, labels: Labels, params: Filled, rows: Encoded) -> Criterion:
        """Cross-entropy of where an answer starts and ends."""
        from tunebook.tasks.question_answering.loss import Find

        return Find()

    def read(self, outputs: Any, batch: Batch, model: Any) -> Any:
        """The best places of each row, over all of its windows."""
        from tunebook.tasks.question_answering.decoding import read

        config = model.config
        return read(outputs, batch, getattr(config, LONGEST, 50), getattr(config, THRESHOLD, None))

    def aims(self, outputs: Any, batch: Batch, rows: Rows, labels: Labels, using: Using) -> Sequence[Aim]:
        """The best places, or that there is none."""
        from tunebook.tasks.question_answering.aims import aims

        return aims(self.read(outputs, batch, using.model), outputs, batch, rows)

    def chosen(self, model: Any, answers: NDArray[np.float32], targets: NDArray[Any]) -> None:
        """The margin of the highest F1, for a model that may say that there is no answer."""
        if getattr(model.config, THRESHOLD, None) is not None:
            setattr(model.config, THRESHOLD, best_threshold(answers, targets))

    def take_up(self, model: Any, folder: Path) -> None:
        """That margin."""
        setattr(model.config, THRESHOLD, read_config(folder).get(THRESHOLD))

    def same_at_looks(self, labels: Labels) -> bool:
        """Where all questions have an answer: else the margin is chosen only after the training."""
        return labels.low != 0

    def mean(self, answers: Sequence[NDArray[np.float32]], labels: Labels) -> NDArray[np.float32]:
        """The places of the highest mean chance."""
        from tunebook.tasks.question_answering.decoding import KEPT

        return said.mean(answers, KEPT)

    def renamed(self, answers: NDArray[np.float32], old: Labels, new: Labels) -> NDArray[np.float32]:
        """The same: there are no names."""
        return answers

    def decided(self, answers: NDArray[np.float32], labels: Labels) -> NDArray[Any]:
        """Start and end of each answer; -1 where there is none."""
        return np.array([place or (-1, -1) for place in Said.of(answers).places()]).reshape(-1, 2)

    def baselines(self, given: BaselineInput) -> Mapping[str, Callable[[], NDArray[Any]]]:
        """The `sentence` and the `window` of words that share most with the question; `no_answer`, where some questions
        have none."""
        from tunebook.tasks.question_answering.baselines import baselines

        return baselines(given)

    def proposes(self, stats: Mapping[str, Any]) -> Mapping[str, Value]:
        """A higher rate and more passes for narrow encoders, which learn to point at places from little."""
        return {"learning_rate": 3e-4, "max_epochs": 6} if int(stats.get("hidden") or 768) <= 512 else {}

    def idle(self, labels: Labels) -> Mapping[str, Value]:
        """There are no classes, and no token is nearly an answer."""
        return {"class_weights": "none", "label_smoothing": 0}


def _config(folder: Path, labels: Labels, params: Filled) -> Any:
    """A config of two outputs that says how answers are read."""
    from tunebook.tasks.heads import config_of

    config = config_of(folder, ["start", "end"], params)
    setattr(config, LONGEST, params.more(AnswerRows).max_answer)
    setattr(config, THRESHOLD, 0.0 if labels.low == 0 else None)
    return config


_LONG = tuple(" ".join(SENTENCES[place:] + SENTENCES[:place]) for place in range(len(SENTENCES)))
_NAMED = tuple(f"{text} and Anna went to Oslo" for text in SENTENCES)
_NAMES = ("Anna", "Ben", "Oslo")


def _case(name: str, contexts: Sequence[str]) -> Case:
    """Texts that are asked where a name stands in them."""
    questions = [f"where was {_NAMES[place % 2 and 2]}" for place in range(len(contexts))]
    extracts = []
    for question, context in zip(questions, contexts, strict=True):
        word = question.split()[-1]
        start = context.find(word)
        extracts.append(Extract(context, [(start, start + len(word))] if start >= 0 else []))
    found = [
        np.array([(*extract.places[0], 2.0), (0, 2, 1.0)] if extract.places else [(0, 2, 1.0)]) for extract in extracts
    ]
    margin = np.array([1.0 if extract.places else -1.0 for extract in extracts])
    low = float(min(len(extract.places) for extract in extracts))
    above = np.full(len(found), 0.0 if low == 0 else ALWAYS)
    right = Said(margin, above, np.ones(len(found)), found).matrix()
    ids = [str(number) for number in range(len(contexts))]
    rows = Rows(questions, contexts, packed(extracts), ids)
    return Case(name, Labels(problem="answers", low=low, high=1.0), rows, right=right)


__all__ = ["LONGEST", "THRESHOLD", "QuestionAnswering"]
