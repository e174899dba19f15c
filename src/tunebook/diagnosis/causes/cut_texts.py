"""Texts that lose their end."""

from __future__ import annotations

from typing import ClassVar

from tunebook.core.formatting import share_text
from tunebook.core.localized import localized
from tunebook.diagnosis.cause import Cause, Side, candidate
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.seen import Seen


class CutTexts(Finder):
    """Rows that are longer than what the model reads, and wrong more often than the others."""

    key: ClassVar[str] = "cut_texts"
    side: ClassVar[Side] = "model"

    def find(self, seen: Seen) -> Cause | None:
        """What they are wrong beyond the rows that are read whole."""
        half = seen.half("cut")
        if half is None or half.difference is None or half.errors_with is None or half.errors_without is None:
            return None
        share = seen.share_of_half(half)
        length = seen.looked.run.plan.params.max_length
        return self.cause(
            seen,
            half.ids,
            share=share,
            p_value=half.p_value,
            what=localized("causes.cut_texts.summary", share=share_text(half.share.value), length=length),
            evidence=[
                localized(
                    "causes.cut_texts.errors",
                    wrong=share_text(half.errors_with.value),
                    rest=share_text(half.errors_without.value),
                )
            ],
            next=[
                candidate(localized("causes.cut_texts.longer"), max_length=min(2 * length, seen.tokens["positions"]))
            ],
        )


__all__ = ["CutTexts"]
