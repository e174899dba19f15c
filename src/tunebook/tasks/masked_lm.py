"""Masked language modelling: fill in the words that were taken out of raw text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from tunebook.core.encoded import Encoded
from tunebook.core.hooks import SENTENCES, Case
from tunebook.core.nouns import Labels
from tunebook.core.settings import Filled
from tunebook.core.task import Rows
from tunebook.nets.language_model import LanguageModel
from tunebook.nets.masking import Masking, mask, pack_documents


class MaskedLm(LanguageModel):
    """The task `masked_lm`: which words are masked is drawn anew for each epoch.

    Source: Devlin et al. 2019 (arXiv:1810.04805), section 3.1; anew for each epoch after Liu et al. 2019
    (arXiv:1907.11692), section 4.1.
    """

    key: ClassVar[str] = "masked_lm"
    gives: ClassVar[frozenset[str]] = frozenset({"embeddings", "layers", "item_logits"})
    ahead: ClassVar[int] = 0

    @classmethod
    def cases(cls) -> tuple[Case, ...]:
        """Texts of which every third word is masked."""
        labels, params = Labels(problem="language_model"), {"mask_share": 0.3, "whole_words": True}
        return (Case.of("masked", labels, SENTENCES * 4, params=params),)

    def auto(self) -> Any:
        """Models with a head for masked tokens."""
        from transformers import AutoModelForMaskedLM

        return AutoModelForMaskedLM

    def encode(self, rows: Rows, tokenizer: Any, max_length: int) -> Encoded:
        """Full rows of `max_length` tokens of all texts, with the word of each token."""
        return pack_documents(rows.texts, tokenizer, max_length, words=True)

    def drawn(self, encoded: Encoded, tokenizer: Any, params: Filled, seed: Sequence[int]) -> Encoded:
        """The rows with the masks of this seed, as the stage says."""
        given = params.more(Masking)
        return mask(encoded, tokenizer, share=given.mask_share, whole=given.whole_words, seed=seed)


__all__ = ["MaskedLm"]
