"""Conversations to be learnt: turns, instructions and prompts with their answers, where the task is to write these."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from tunebook.data.chat_rows import as_listed, chat_export, has_chats
from tunebook.data.exports import Export, Format
from tunebook.data.kind import wants_chats
from tunebook.data.preview import Preview


class Conversations(Format):
    """Read from objects as they stand; of tables the same is made once they are read."""

    title: ClassVar[str] = "conversations"

    def fits(self, preview: Preview) -> bool:
        """Conversations are wanted, and some object has one."""
        if not wants_chats(preview.options):
            return False
        objects, _ = as_listed(list(enumerate(preview.objects)), preview.path)
        return has_chats([row for _, row in objects], preview.options, labelled=preview.labelled)

    def read(self, preview: Preview) -> Export:
        """A row a conversation; columns are called as a list of LLaMA-Factory in the folder of the file says."""
        rows, notes = as_listed(preview.rows(), preview.path)
        export = chat_export(rows, preview.options, preview.path, labelled=preview.labelled)
        return replace(export, notes={**export.notes, **notes})


__all__ = ["Conversations"]
