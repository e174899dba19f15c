"""Preferences: a better and a worse answer (DPO, reward models), answers judged good or bad (KTO), or ranked."""

from __future__ import annotations

from typing import ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.look import Look

_BETTER = ("chosen", "response_chosen", "preferred")
_WORSE = ("rejected", "response_rejected", "dispreferred")
_WORSE_ALONE = ("rejected_response", "rejected_messages")  # beside any answer
_ANSWER = ("response", "completion", "output", "messages")
_JUDGED = ("label", "kto_tag")


class Preferences(Format):
    """Answers that people liked more or less."""

    title: ClassVar[str] = "DPO / KTO"

    def fits(self, look: Look) -> bool:
        """A rejected answer beside another, or an answer that is judged by true and false."""
        if not look.objects or (look.options.text and look.options.label):
            return False
        names = set.intersection(*[set(row) for row in look.objects])
        pairs = (names & set(_WORSE) and names & set(_BETTER)) or (names & set(_WORSE_ALONE) and names & set(_ANSWER))
        judged = [name for name in _JUDGED if name in names and all(type(row[name]) is bool for row in look.objects)]
        return bool(pairs) or bool(judged and "prompt" in names and names & set(_ANSWER))

    def read(self, look: Look) -> Export:
        """Refused."""
        raise self.refusal("preference", look)


__all__ = ["Preferences"]
