"""Preferences: a better and a worse answer (DPO, reward models), answers judged good or bad (KTO), or ranked."""

from __future__ import annotations

from typing import ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.preview import Preview

_BETTER = ("chosen", "response_chosen", "preferred")
_WORSE = ("rejected", "response_rejected", "dispreferred")
_WORSE_ALONE = ("rejected_response", "rejected_messages")  # beside any answer
_ANSWER = ("response", "completion", "output", "messages")
_JUDGED = ("label", "kto_tag")


class Preferences(Format):
    """Answers that people liked more or less."""

    title: ClassVar[str] = "DPO / KTO"

    def fits(self, preview: Preview) -> bool:
        """A rejected answer beside another, or an answer that is judged by true and false."""
        if not preview.objects or (preview.options.text and preview.options.label):
            return False
        names = set.intersection(*[set(row) for row in preview.objects])
        pairs = (names & set(_WORSE) and names & set(_BETTER)) or (names & set(_WORSE_ALONE) and names & set(_ANSWER))
        judged = [name for name in _JUDGED if name in names and all(type(row[name]) is bool for row in preview.objects)]
        return bool(pairs) or bool(judged and "prompt" in names and names & set(_ANSWER))

    def read(self, preview: Preview) -> Export:
        """Refused."""
        raise self.refusal("preference", preview)


__all__ = ["Preferences"]
