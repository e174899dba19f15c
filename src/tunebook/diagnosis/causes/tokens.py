"""A tokenizer that cannot read the texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from tunebook.core.formatting import share_text
from tunebook.core.localized import Text, localized
from tunebook.core.nouns import Interval
from tunebook.diagnosis.better import p_of_less
from tunebook.diagnosis.cause import SURE, Cause, Side
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.other_bases import steps, told
from tunebook.diagnosis.seen import Seen


class Tokens(Finder):
    """Characters that the tokenizer of the base model does not know, or words that it breaks into shreds."""

    key: ClassVar[str] = "tokens"
    side: ClassVar[Side] = "model"

    def find(self, seen: Seen) -> Cause | None:
        """What others that read the texts get right beyond the run, a model of words or characters, or another base
        model; or what rows with unknown characters are wrong beyond those without: whichever is most."""
        half, found = seen.half("unknown"), list(self._readers(seen))
        if half is not None and half.difference is not None:
            found.append((seen.share_of_half(half), half.p_value))
        sure = [one for one in found if len(found) * one[1] <= SURE]
        if not sure:
            return None
        share, p = max(sure, key=lambda one: one[0].value)
        return self.cause(
            seen,
            half.ids if half is not None else [],
            share=share,
            p_value=min(1.0, len(found) * p),
            what=localized("causes.tokens.summary"),
            evidence=list(self._evidence(seen)),
            next=steps(seen.base, seen.mass),
        )

    @staticmethod
    def _readers(seen: Seen) -> Iterator[tuple[Interval, float]]:
        """Share and p-value of each reader of texts that the run cannot read."""
        if not (seen.unread and seen.has_classes):
            return
        for wrong in (seen.words_wrong, *([] if seen.base is None else [seen.base.wrong])):
            yield seen.share(seen.mass - wrong), p_of_less(seen.mass, wrong)

    @staticmethod
    def _evidence(seen: Seen) -> Iterator[Text]:
        report = seen.tokens
        if unknown := float(report["unknown_share"]):
            examples = " ".join(report["unknown_examples"][:5])
            yield localized("causes.tokens.unknown", share=share_text(unknown), examples=examples)
        if seen.unread and report.get("pieces"):
            yield localized("causes.tokens.pieces", pieces=f"{report['pieces']:.1f}")
        if seen.unread and seen.has_classes:
            run, words = (share_text(float(wrong.mean())) for wrong in (seen.mass, seen.words_wrong))
            yield localized("causes.tokens.words", words=words, run=run)
            yield from told(seen.base)


__all__ = ["Tokens"]
