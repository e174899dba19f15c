"""Sequence to sequence: a text is read and another one written, such as a summary or a translation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.batch import Batch
from tunebook.core.encoded import Encoded
from tunebook.core.errors import PlanError
from tunebook.core.explains import Aim, Using
from tunebook.core.hooks import SENTENCES, BaselineInput, Case
from tunebook.core.metric import Metric
from tunebook.core.nouns import Labels
from tunebook.core.params import Params, Value
from tunebook.core.progress import Progress
from tunebook.core.settings import Filled
from tunebook.core.writes import Manner
from tunebook.core.written import Written, texts_of
from tunebook.nets.language_model import TokenLoss, own_head
from tunebook.tasks.seq2seq import pieces
from tunebook.tasks.seq2seq.rows import Seq2seqRows
from tunebook.tasks.writing.scores import WRITTEN
from tunebook.tasks.writing.words import WrittenWords


class Seq2seq(WrittenWords, TokenLoss):
    """The task `seq2seq`: an encoder reads the source, a decoder learns the target, token by token, with its end.

    Targets are texts (N,); answers are what `tunebook.core.written` packs. Models are those that transformers has with
    a head for this: T5, BART, mBART, Marian, Pegasus, NLLB ...
    """

    key: ClassVar[str] = "seq2seq"
    gives: ClassVar[frozenset[str]] = frozenset({"embeddings", "layers", "item_logits", "answer_logits", "words"})
    scored: ClassVar[Mapping[str, tuple[Metric, ...]]] = {"written": WRITTEN}
    own: ClassVar[type[Params] | None] = Seq2seqRows
    ahead: ClassVar[int] = 0
    pipeline: ClassVar[str] = "text2text-generation"
    auto_model: ClassVar[str] = "AutoModelForSeq2SeqLM"
    polyglot: ClassVar[str] = "google/mt5-small"

    @classmethod
    def cases(cls) -> tuple[Case, ...]:
        """Texts of which the first words are to be written again, alone and behind a prefix."""
        return (_case("copies", None), _case("prefixed", "we found"))

    def auto(self) -> Any:
        """Models that write a text of their own beside one that they read."""
        from transformers import AutoModelForSeq2SeqLM

        return AutoModelForSeq2SeqLM

    def filled(self, own: Params, folder: Path, labels: Labels, name: str = "") -> Params:
        """With the token that the model's decoder begins with.

        Raises:
            PlanError: `seq2seq.start`; `seq2seq.length`: the decoder has fewer positions than a target may have tokens.
        """
        from tunebook.models.positions import positions_in
        from tunebook.models.source import read_config
        from tunebook.tasks.seq2seq.starting import start_of

        assert isinstance(own, Seq2seqRows)
        room = positions_in(read_config(folder))
        if room and own.target_length > room:
            raise PlanError(
                "seq2seq.length", key="seq2seq.target_length", value=own.target_length, allowed=f"<= {room}"
            )
        return own.model_copy(update={"decoder_start": start_of(folder, own)})

    def reader(self, tokenizer: Any, params: Filled) -> Any:
        """Set to the languages that the table names."""
        from tunebook.tasks.seq2seq.starting import reading

        return reading(tokenizer, params.more(Seq2seqRows))

    def build(self, folder: Path, labels: Labels, params: Filled) -> Any:
        """The base model with its own head, which begins to write as it is taught.

        Raises:
            ModelError: transformers has no such model for this architecture, or the folder lacks weights of it;
                `seq2seq.shift`. PlanError: `seq2seq.start`, `seq2seq.language`.
        """
        from tunebook.tasks.seq2seq.starting import begin

        model = own_head(self.auto(), folder)
        begin(model, folder, params.more(Seq2seqRows))
        return model

    def same_at_looks(self, labels: Labels) -> bool:
        """What is read of the true targets is; whether texts were written, a test looks up."""
        return True

    def seen(self, rows: Rows, params: Filled) -> Rows:
        """With the rows of the table that decide how they are read."""
        return replace(rows, how=pieces.how_of(params.more(Seq2seqRows)))

    def counted(self, rows: Rows, tokenizer: Any) -> Rows:
        """The sources with what is put in front of them."""
        own = pieces.own_of(rows)
        return Rows([pieces.prefixed(text, own) for text in rows.texts], None, None, rows.ids)

    def encode(self, rows: Rows, tokenizer: Any, max_length: int) -> Encoded:
        """Tokens of each source and of its target, where there is one."""
        encoded = pieces.encode(rows, tokenizer, max_length)
        return encoded.with_fixed(labels=rows.targets, sample_weight=rows.weights)

    def unsaid(self, encoded: Encoded) -> int:
        """Targets that are longer than `target_length`."""
        cut = encoded.flat.get(pieces.CUT)
        return 0 if cut is None else int(np.count_nonzero(cut[encoded.offsets[:-1]]))

    def collate(self, encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
        """Sources and targets, each padded by themselves."""
        return pieces.collate(encoded, rows, pad)

    def read(self, outputs: Any, batch: Batch, model: Any = None) -> Any:
        """What is read of the true targets, as answers that say nothing, shape (rows, 7)."""
        return self.silent(self.figures(outputs, batch), batch[pieces.CHARACTERS])

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
        """What the model writes of each source, the likeliest token each time where no manner says otherwise."""
        from tunebook.nets.generate import generate
        from tunebook.tasks.instruction.answering import packed, told

        own = params.more(Seq2seqRows)
        prompts = pieces.sources(rows, tokenizer, params.max_length, own)
        how = told(own.target_length, manner)
        return packed(generate(model, prompts, tokenizer=tokenizer, how=how, progress=progress))

    def snippet(self, labels: Labels, params: Filled, *, pairs: bool) -> list[str]:
        """Lines that write one text."""
        own = params.more(Seq2seqRows)
        return [
            f'batch = tokenizer({pieces.prefixed("", own)!r} + "...", return_tensors="pt")',
            f"made = model.generate(**batch.to(model.device), max_new_tokens={own.target_length})",
            "print(tokenizer.decode(made[0], skip_special_tokens=True))",
        ]

    def baselines(self, given: BaselineInput) -> Mapping[str, Callable[[], NDArray[Any]]]:
        """`lead`, the beginning of the source, and `base`, the base model before training."""
        from tunebook.tasks.seq2seq.baselines import baselines

        return baselines(self, given)

    def proposes(self, stats: Mapping[str, Any]) -> Mapping[str, Value]:
        """A rate for models that write already, a higher one for a tiny one; a length that holds the targets."""
        from tunebook.tasks.seq2seq.proposal import proposed

        return {row: value for row, value in proposed(stats).items() if not row.startswith("instruction.")}


def _case(name: str, prefix: str | None) -> Case:
    """The first words of each sentence, in a decoder that begins with the padding token."""
    said = [" ".join(text.split()[:3]) for text in SENTENCES]
    own = Seq2seqRows(prefix=prefix, target_length=8, decoder_start=0)
    count = len(said)
    rows = Rows(
        SENTENCES, None, texts_of(said), [str(number) for number in range(count)], how=pieces.how_of(own)
    )  # fmt: skip
    figures = np.tile(np.array([0.0, 3.0, 3.0, np.nan, 1.0, 3.0], dtype=np.float32), (count, 1))
    params: dict[str, Value] = {f"seq2seq.{field}": value for field, value in own.model_dump().items()}
    right = Written(said, figures).matrix()
    return Case(name, Labels(problem="written"), rows, right=right, params=params, base="seq2seq")


__all__ = ["Seq2seq"]
