"""Instruction tuning: a model that writes the next turn of a conversation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.batch import Batch
from tunebook.core.chat import Chat
from tunebook.core.encoded import Encoded
from tunebook.core.explains import Aim, Using
from tunebook.core.hooks import SENTENCES, BaselineInput, Case
from tunebook.core.metric import Metric
from tunebook.core.nouns import Labels
from tunebook.core.params import Params, Value
from tunebook.core.progress import Progress
from tunebook.core.settings import Filled
from tunebook.core.writes import Manner, Shown
from tunebook.core.written import Written, texts_of
from tunebook.nets.language_model import TokenModel
from tunebook.nets.masking import IGNORED
from tunebook.tasks.instruction import conversations
from tunebook.tasks.instruction.rows import InstructionRows
from tunebook.tasks.writing.scores import WRITTEN
from tunebook.tasks.writing.words import WrittenWords


class Instruction(WrittenWords, TokenModel):
    """The task `instruction`: the assistant's turns of a conversation are learnt, token by token.

    Targets are texts (N,), the last answers; answers are what `tunebook.core.written` packs: how likely the true answer
    is, and the text that the model writes itself. At the looks of a training only the first is read.
    """

    key: ClassVar[str] = "instruction"
    gives: ClassVar[frozenset[str]] = frozenset({"embeddings", "layers", "item_logits", "answer_logits", "words"})
    scored: ClassVar[Mapping[str, tuple[Metric, ...]]] = {"written": WRITTEN}
    own: ClassVar[type[Params] | None] = InstructionRows
    ahead: ClassVar[int] = 1
    most_unlearnt: ClassVar[float] = 0.5
    one_line: ClassVar[bool] = True
    pipeline: ClassVar[str] = "text-generation"
    auto_model: ClassVar[str] = "AutoModelForCausalLM"
    polyglot: ClassVar[str] = "Qwen/Qwen2.5-0.5B-Instruct"

    @classmethod
    def cases(cls) -> tuple[Case, ...]:
        """Questions with an answer each, and conversations of which the last turn alone is learnt."""
        return (_case("questions", "all"), _case("turns", "last", turns=True))

    def auto(self) -> Any:
        """Models that say the next token."""
        from transformers import AutoModelForCausalLM

        return AutoModelForCausalLM

    def reader(self, tokenizer: Any, params: Filled) -> Any:
        """With the chat template that the row names."""
        from tunebook.models.chat_template import with_template

        return with_template(tokenizer, params.more(InstructionRows).template)

    def same_at_looks(self, labels: Labels) -> bool:
        """What is read of the true answers is; whether texts were written, a test looks up."""
        return True

    def seen(self, rows: Rows, params: Filled) -> Rows:
        """With what is learnt of them, and what becomes of those that are too long."""
        return replace(rows, how=conversations.how_of(params.more(InstructionRows)))

    def counted(self, rows: Rows, tokenizer: Any) -> Rows:
        """Whole conversations, as the model's chat template writes them."""
        return conversations.written_out(rows, tokenizer)

    def encode(self, rows: Rows, tokenizer: Any, max_length: int) -> Encoded:
        """Tokens of each conversation, with `labels` where it has an answer."""
        encoded = conversations.encode(rows, tokenizer, max_length)
        return encoded.with_fixed(labels=rows.targets, sample_weight=rows.weights)

    def unlearnt(self, labels: Labels, params: Filled, encoded: Encoded) -> NDArray[np.bool_]:
        """Rows that do not fit into max_length, or of which no turn is to be learnt."""
        return np.asarray(np.maximum.reduceat(encoded.flat["labels"], encoded.offsets[:-1]) == IGNORED)

    def read(self, outputs: Any, batch: Batch, model: Any = None) -> Any:
        """What is read of the true answers, as answers that say nothing, shape (rows, 7)."""
        return self.silent(self.figures(outputs, batch), batch[conversations.CHARACTERS])

    def aims(self, outputs: Any, batch: Batch, rows: Rows, labels: Labels, using: Using) -> Sequence[Aim]:
        """The text that was written, and each of its tokens."""
        from tunebook.tasks.writing.aims import aims

        return aims(batch, self.ahead, using.tokenizer)

    def written(
        self,
        model: Any,
        tokenizer: Any,
        rows: Rows,
        params: Filled,
        progress: Progress | None = None,
        manner: Manner | None = None,
    ) -> Written:
        """The model's own answers, greedy where no manner says otherwise."""
        from tunebook.tasks.instruction.answering import told, written

        how = told(params.more(InstructionRows).max_new_tokens, manner)
        return written(model, tokenizer, rows, params, how, progress)

    def prompted(self, loaded: Any, chat: Chat, new: int) -> Shown:
        """By the model's own chat template; the first turns are left out where there is no room for all."""
        from tunebook.tasks.instruction.answering import room_of

        room = room_of(loaded.model, loaded.plan.params.max_length, new)
        return conversations.shown(chat, self.reader(loaded.tokenizer, loaded.plan.params), room)

    def longest(self, params: Filled) -> int:
        """As the row says."""
        return params.more(InstructionRows).max_new_tokens

    def snippet(self, labels: Labels, params: Filled, *, pairs: bool) -> list[str]:
        """Lines that answer one question."""
        return [
            'turns = [{"role": "user", "content": "..."}]',
            "batch = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True, "
            'return_tensors="pt")',
            f"made = model.generate(**batch, max_new_tokens={params.more(InstructionRows).max_new_tokens})",
            'print(tokenizer.decode(made[0, batch["input_ids"].shape[1] :], skip_special_tokens=True))',
        ]

    def baselines(self, given: BaselineInput) -> Mapping[str, Callable[[], NDArray[Any]]]:
        """`base`, the base model before training."""
        from tunebook.tasks.instruction.baselines import baselines

        return baselines(self, given)

    def proposes(self, stats: Mapping[str, Any]) -> Mapping[str, Value]:
        """A rate for models that write already."""
        from tunebook.tasks.instruction.proposal import proposed

        return proposed(stats)


def _case(name: str, learn: str, *, turns: bool = False) -> Case:
    """The second half of each sentence answers the first one."""
    words = [text.split() for text in SENTENCES[:2] + SENTENCES[3:6] + SENTENCES[7:]] * 2
    asked = [" ".join(line[: 2 + number % 3]) for number, line in enumerate(words)]
    answers = [" ".join(line[2 + number % 3 :][:4]) for number, line in enumerate(words)]
    chats = [
        Chat.of(*((("user", "we"), ("assistant", "it was")) if turns else ()), ("user", one), ("assistant", two))
        for one, two in zip(asked, answers, strict=True)
    ]
    count = len(chats)
    rows = Rows(
        asked, None, texts_of(answers), [str(number) for number in range(count)], chats=chats,
        how=(learn, "mark", "plain"),
    )  # fmt: skip
    figures = np.tile(np.array([0.0, 3.0, 3.0, np.nan, 1.0, 3.0], dtype=np.float32), (count, 1))
    params: dict[str, Value] = {"instruction.learn": learn, "instruction.cut": "mark", "instruction.template": "plain"}
    return Case(
        name, Labels(problem="written"), rows, right=Written(answers, figures).matrix(), params=params, base="decoder"
    )


__all__ = ["Instruction"]
