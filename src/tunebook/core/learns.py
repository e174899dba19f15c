"""What a task says of which parts of a conversation are learnt, where these are not the last words alone."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from tunebook.core.answers import Rows


@runtime_checkable
class Learns(Protocol):
    """A task that tells of each row which of its tokens are learnt."""

    def rendered(self, rows: Rows, tokenizer: Any, max_length: int) -> list[Any]:
        """`Rendered` or `Refused` (of `tunebook.models.chat_template`) of each row, given as the task sees it."""


__all__ = ["Learns"]
