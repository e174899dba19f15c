"""Conversations as a column of prepared rows, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tunebook.core.chat import Chat, Turn

CHAT_COLUMN = "chat"
_TEXT = pa.large_string()
_TURN = pa.struct(
    [("role", _TEXT), ("content", _TEXT), ("learn", pa.bool_()), ("calls", _TEXT), ("name", _TEXT)]
)  # fields of `Turn`
CHAT = pa.struct([("turns", pa.list_(_TURN)), ("tools", _TEXT)])  # fields of `Chat`


def chat_column(chats: Iterable[Chat]) -> pa.Array:
    """A column of the type CHAT."""
    return pa.array([{"turns": [vars(turn) for turn in chat.turns], "tools": chat.tools} for chat in chats], CHAT)


def chats_of(column: pa.Array | pa.ChunkedArray) -> list[Chat]:
    """The conversations of such a column."""
    return [_chat(cell) for cell in column.to_pylist()]


def holds_chats(table: pa.Table) -> bool:
    """Whether a table has such a column under its name."""
    return CHAT_COLUMN in table.column_names and table.schema.field(CHAT_COLUMN).type == CHAT


def tools_of(table: pa.Table) -> pa.ChunkedArray | None:
    """The tools of each conversation, without which a question is another one; None where no row has any."""
    if not holds_chats(table):
        return None
    tools = pc.fill_null(pc.struct_field(table[CHAT_COLUMN], "tools"), "")
    return tools if pc.any(pc.not_equal(tools, "")).as_py() else None


def _chat(cell: dict[str, Any]) -> Chat:
    return Chat(tuple(Turn(**turn) for turn in cell["turns"]), cell["tools"])


__all__ = ["CHAT", "CHAT_COLUMN", "chat_column", "chats_of", "holds_chats", "tools_of"]
