"""Chats: a list of turns, as messages (OpenAI, ms-swift) or conversations (ShareGPT)."""

from __future__ import annotations

from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.core.messages import say
from tunebook.data.answer_pairs import JUDGED
from tunebook.data.exports import Export, Format, to_export
from tunebook.data.formats.instructions import few_answers
from tunebook.data.formats.preferences import preference_export
from tunebook.data.kind import wants_preferences, wants_texts
from tunebook.data.preview import Objects, Preview

_LISTS = ("messages", "conversations", "conversation", "dialog", "dialogue")
_ROLE, _TEXT = ("role", "from"), ("content", "value")
_WHO = {"human": "user", "gpt": "assistant", "bot": "assistant", "model": "assistant"}
_ANSWER = "assistant"


class Chat(Format):
    """Turns of a user and an assistant; a single message with a label is read, as ms-swift writes classes."""

    title: ClassVar[str] = "chat"
    general: ClassVar[bool] = True

    def fits(self, preview: Preview) -> bool:
        """Every row has a list of turns."""
        return bool(preview.objects) and all(_turns(row) is not None for row in preview.objects)

    def read(self, preview: Preview) -> Export:
        """One row a chat of one message: the message and its label, or the answer where the user says it is one.
        Raises as `preference_export`, where preferences are asked for: there are none, or another format had read it.
        """
        if preview.labelled and wants_preferences(preview.options):
            return preference_export(preview.rows(), preview.options)
        rows = [(number, _flat(row)) for number, row in preview.rows()]
        if any(row is None for _, row in rows):
            raise self._refused(preview)
        flat: Objects = [(number, row) for number, row in rows if row is not None]
        labels = [str(row.get("label")) for _, row in flat if _ANSWER not in row and row.get("label") is not None]
        if labels or not preview.labelled:
            return to_export(flat, {"text": "user", "label": "label"})
        if preview.options.label == _ANSWER:
            return to_export(flat, {"text": "user"})
        if wants_texts(preview.options):
            return to_export(flat, {"text": "user", "label": _ANSWER})
        if few_answers([row.get(_ANSWER) for _, row in flat]):
            raise DataError("format.answers", key=str(preview.path), tool=self.title, column=_ANSWER)
        raise self._refused(preview)

    def _refused(self, preview: Preview) -> DataError:
        """The refusal: of conversations whose answers were judged as one of preferences."""
        judged = all(any(type(row.get(name)) is bool for name in JUDGED) for row in preview.objects)
        if not preview.objects or not judged:
            return self.refusal("chat", preview)
        return DataError(
            "format.preference", key=str(preview.path), tool=self.title, choose=say("format.choose.preferences")
        )


def _turns(row: dict[str, Any]) -> list[tuple[str, str]] | None:
    """Speaker and words of each turn; None where there are none."""
    turns = next((row[name] for name in _LISTS if isinstance(row.get(name), list) and row[name]), None)
    if turns is None:
        return None
    found = []
    for turn in turns:
        role = next((turn[name] for name in _ROLE if name in turn), None) if isinstance(turn, dict) else None
        text = next((turn[name] for name in _TEXT if name in turn), None) if role is not None else None
        if not isinstance(role, str) or not isinstance(text, str):
            return None
        found.append((_WHO.get(role, role), text))
    return found


def _flat(row: dict[str, Any]) -> dict[str, Any] | None:
    """The turns as columns by speaker; None where somebody speaks twice or the user does not."""
    turns = _turns(row) or []
    said = dict(turns)
    if len(said) < len(turns) or "user" not in said:
        return None
    return {name: value for name, value in row.items() if name not in _LISTS} | said


__all__ = ["Chat"]
