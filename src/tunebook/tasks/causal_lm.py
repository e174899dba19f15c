"""Causal language modelling: say the next token of raw text."""

from __future__ import annotations

from typing import Any, ClassVar

from tunebook.core.encoded import Encoded
from tunebook.core.hooks import SENTENCES, Case
from tunebook.core.nouns import Labels
from tunebook.core.task import Rows
from tunebook.nets.language_model import LanguageModel
from tunebook.nets.masking import pack_documents


class CausalLm(LanguageModel):
    """The task `causal_lm`: every token but the first of a row is a target."""

    key: ClassVar[str] = "causal_lm"
    in_parts: ClassVar[bool] = True
    gives: ClassVar[frozenset[str]] = frozenset({"embeddings", "layers", "item_logits"})
    ahead: ClassVar[int] = 1

    @classmethod
    def cases(cls) -> tuple[Case, ...]:
        """Texts whose next words are to be said."""
        return (Case.of("causal", Labels(problem="language_model"), SENTENCES * 4, base="decoder"),)

    def auto(self) -> Any:
        """Models that say the next token."""
        from transformers import AutoModelForCausalLM

        return AutoModelForCausalLM

    def encode(self, rows: Rows, tokenizer: Any, max_length: int) -> Encoded:
        """Full rows of `max_length` tokens of all texts, which are their own labels."""
        packed = pack_documents(rows.texts, tokenizer, max_length, words=False)
        return Encoded({**packed.flat, "labels": packed.flat["input_ids"]}, packed.offsets, packed.fixed)


__all__ = ["CausalLm"]
