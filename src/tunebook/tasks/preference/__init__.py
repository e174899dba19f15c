"""Preference: a language model that is made to write answers as people liked them, and not as they did not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.batch import Batch, Criterion
from tunebook.core.chat import Chat
from tunebook.core.encoded import Encoded
from tunebook.core.hooks import BaselineInput, Case
from tunebook.core.metric import Metric
from tunebook.core.nouns import Labels
from tunebook.core.params import Params, Value
from tunebook.core.settings import Filled
from tunebook.core.writes import Shown
from tunebook.nets.language_model import OwnHead
from tunebook.tasks.preference import batches
from tunebook.tasks.preference.rows import ALONE, PAIRED, PreferenceRows
from tunebook.tasks.preference.scores import METRICS
from tunebook.tasks.preference.words import PreferenceWords

_LONGEST = 256  # tokens of an answer in a chat


class Preference(PreferenceWords, OwnHead):
    """The task `preference`: of two answers to a prompt the better one is made more likely, by DPO, IPO, a hinge or
    ORPO; answers that are judged one by one are learnt by KTO.

    Targets are texts (N, 2), the better and the worse answer, one of which may be empty; answers (N, 6) are what
    `tunebook.tasks.preference.told` packs.
    """

    key: ClassVar[str] = "preference"
    gives: ClassVar[frozenset[str]] = frozenset({"embeddings", "layers", "words"})
    scored: ClassVar[Mapping[str, tuple[Metric, ...]]] = {"preference": METRICS}
    own: ClassVar[type[Params] | None] = PreferenceRows
    pipeline: ClassVar[str] = "text-generation"
    auto_model: ClassVar[str] = "AutoModelForCausalLM"
    polyglot: ClassVar[str] = "Qwen/Qwen2.5-0.5B-Instruct"
    alone: ClassVar[bool] = False

    @classmethod
    def cases(cls) -> tuple[Case, ...]:
        """Pairs with each of their losses, and answers that are judged one by one."""
        from tunebook.tasks.preference.cases import alone, pairs

        return (*(pairs(loss) for loss in PAIRED), alone())

    def auto(self) -> Any:
        """Models that say the next token."""
        from transformers import AutoModelForCausalLM

        return AutoModelForCausalLM

    def reader(self, tokenizer: Any, params: Filled) -> Any:
        """With the chat template that the row names."""
        from tunebook.models.chat_template import with_template

        return with_template(tokenizer, params.more(PreferenceRows).template)

    def same_at_looks(self, labels: Labels) -> bool:
        """They are: nothing is drawn, and all answers are read."""
        return True

    def whole(self, labels: Labels, params: Filled) -> bool:
        """With KTO, whose reference point is one of all rows of a step."""
        return params.more(PreferenceRows).loss not in PAIRED

    def seen(self, rows: Rows, params: Filled) -> Rows:
        """With what becomes of answers that are too long, and whether each row shows an answer to another one."""
        own = params.more(PreferenceRows)
        return replace(rows, how=(own.cut, "" if own.loss in PAIRED else "unasked", own.template))

    def counted(self, rows: Rows, tokenizer: Any) -> Rows:
        """Each prompt with each of its answers, as the model's chat template writes them."""
        from tunebook.tasks.instruction.conversations import written_out

        return written_out(batches.answered(rows), tokenizer)

    def encode(self, rows: Rows, tokenizer: Any, max_length: int) -> Encoded:
        """A line for each answer; see `tunebook.tasks.preference.batches`."""
        encoded = batches.encode(rows, tokenizer, max_length)
        return encoded.with_fixed(labels=rows.targets, sample_weight=rows.weights)

    def rendered(self, rows: Rows, tokenizer: Any, max_length: int) -> list[Any]:
        """The prompt with each of its answers."""
        return batches.rendered(rows, tokenizer, max_length)

    def lines(self, encoded: Encoded) -> NDArray[np.int64]:
        """Its answers."""
        return batches.lines(encoded)

    def collate(self, encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
        """A line for each answer of these rows."""
        return batches.collate(encoded, rows, pad)

    def criterion(self, labels: Labels, params: Filled, rows: Encoded) -> Criterion:
        """The loss that the row `preference.loss` names."""
        from tunebook.tasks.preference.loss import Preferring

        return Preferring(params.more(PreferenceRows), params.label_smoothing)

    def unlearnt(self, labels: Labels, params: Filled, encoded: Encoded) -> NDArray[np.bool_]:
        """Rows whose answers do not fit into max_length."""
        return ~batches.sound(encoded)

    def passed(self, model: Any, batch: Batch) -> Any:
        """What the model says of each answer."""
        from tunebook.tasks.preference.loss import told

        return told(model, batch)

    def read(self, outputs: Any, batch: Batch, model: Any = None) -> Any:
        """Three figures of the better answer of each row, then of the worse one, shape (rows, 6)."""
        from tunebook.tasks.preference.reading import read

        return read(outputs.logits, batch)

    def refers(self, params: Filled) -> bool:
        """All losses but ORPO hold the model against the one that it was."""
        return params.more(PreferenceRows).loss != ALONE

    def said(self, model: Any, batch: Batch) -> Any:
        """Sum of the log-probabilities of each line of each row, shape (rows, 3)."""
        from tunebook.tasks.preference.reading import said

        return said(model, batch)

    def referred(self, rows: Encoded, said: NDArray[np.float32]) -> Encoded:
        """With what the model before says of their lines."""
        return rows.with_fixed(**{batches.BEFORE: said})

    def prompted(self, loaded: Any, chat: Chat, new: int) -> Shown:
        """By the model's own chat template; the first turns are left out where there is no room for all."""
        from tunebook.tasks.instruction.answering import room_of
        from tunebook.tasks.instruction.conversations import shown

        room = room_of(loaded.model, loaded.plan.params.max_length, new)
        return shown(chat, self.reader(loaded.tokenizer, loaded.plan.params), room)

    def longest(self, params: Filled) -> int:
        """As many as a short answer has."""
        return _LONGEST

    def check(self, stats: Mapping[str, Any], params: Filled) -> None:
        """Refuse a loss that these rows have nothing for.

        Raises:
            PlanError: `preference.pairs`, `preference.one_side`, `preference.smoothing`.
        """
        from tunebook.tasks.preference.learnable import check_stats

        check_stats(params.more(PreferenceRows), params.label_smoothing, stats)

    def proposes(self, stats: Mapping[str, Any]) -> Mapping[str, Value]:
        """The low rate of published recipes, fewer epochs, and KTO for answers that are judged one by one."""
        from tunebook.tasks.preference.learnable import proposed

        return proposed(stats)

    def idle(self, labels: Labels) -> Mapping[str, Value]:
        """There are no classes."""
        return {"class_weights": "none"}

    def mean(self, answers: Sequence[NDArray[np.float32]], labels: Labels) -> NDArray[np.float32]:
        """The mean of what is said of each answer."""
        return np.asarray(np.mean(answers, axis=0), dtype=np.float32)

    def renamed(self, answers: NDArray[np.float32], old: Labels, new: Labels) -> NDArray[np.float32]:
        """They are: there are no names."""
        return answers

    def baselines(self, given: BaselineInput) -> Mapping[str, Callable[[], NDArray[Any]]]:
        """`base`, the order in which the base model itself finds answers likely, and `longer`, that of their length."""
        from tunebook.tasks.preference.baselines import baselines

        return baselines(self, given)


__all__ = ["Preference"]
