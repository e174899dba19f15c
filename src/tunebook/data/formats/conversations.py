"""Conversations to be learnt: turns, instructions and prompts with their answers, where the task is to write these."""

from __future__ import annotations

from typing import ClassVar

from tunebook.data.chat_rows import chat_export, has_chats
from tunebook.data.exports import Export, Format
from tunebook.data.preview import Preview


class Conversations(Format):
    """Read from objects as they stand; of tables the same is made once they are read."""

    title: ClassVar[str] = "conversations"

    def fits(self, preview: Preview) -> bool:
        """Conversations are wanted, and some object has one."""
        return has_chats(preview.objects, preview.options, labelled=preview.labelled)

    def read(self, preview: Preview) -> Export:
        """A row a conversation."""
        return chat_export(preview.rows(), preview.options, preview.path, labelled=preview.labelled)


__all__ = ["Conversations"]
