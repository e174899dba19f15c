"""A tokenizer that cannot read the texts."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tunebook.core.formatting import share_text
from tunebook.core.localized import localized
from tunebook.diagnosis.better import p_of_less
from tunebook.diagnosis.cause import SURE, Cause, Side, Try, candidate
from tunebook.diagnosis.finder import Finder
from tunebook.diagnosis.seen import READ, Seen


class Tokens(Finder):
    """Characters that the tokenizer of the base model does not know."""

    key: ClassVar[str] = "tokens"
    side: ClassVar[Side] = "model"

    def find(self, seen: Seen) -> Cause | None:
        """What a model of words or characters, which reads all of them, gets right beyond the run; or what rows with
        unknown characters are wrong beyond those without, whichever is more."""
        report = seen.tokens
        unknown = float(report["unknown_share"])
        half = seen.half("unknown")
        found = []
        if unknown >= READ and seen.has_classes:
            found.append((seen.share(seen.mass - seen.words_wrong), p_of_less(seen.mass, seen.words_wrong)))
        if half is not None and half.difference is not None:
            found.append((seen.share_of_half(half), half.p_value))
        sure = [one for one in found if len(found) * one[1] <= SURE]
        if not sure:
            return None
        share, p = max(sure, key=lambda one: one[0].value)
        evidence = [
            localized(
                "causes.tokens.unknown", share=share_text(unknown), examples=" ".join(report["unknown_examples"][:5])
            )
        ]
        if unknown >= READ and seen.has_classes:
            evidence.append(
                localized(
                    "causes.tokens.words",
                    words=share_text(float(np.mean(seen.words_wrong))),
                    run=share_text(float(seen.mass.mean())),
                )
            )
        return Cause(
            key=self.key,
            side=self.side,
            share=share,
            p_value=min(1.0, len(found) * p),
            where=seen.split,
            ids=half.ids[:50] if half is not None else [],
            what=localized("causes.tokens.summary"),
            evidence=evidence,
            next=[
                candidate(localized("causes.tokens.base"), base_model="builtin:multilingual"),
                Try(kind="command", why=localized("causes.tokens.bases"), command="tunebook bases BOOK"),
            ],
        )


__all__ = ["Tokens"]
