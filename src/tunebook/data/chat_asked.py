"""Conversations and prompts that a model is asked to answer: of a file, of rows that are given as objects, of texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from tunebook.core.chat import Chat
from tunebook.core.nouns import DataRef
from tunebook.data.chat_rows import TEXT, chat_table
from tunebook.data.chats import CHAT_COLUMN, chats_of
from tunebook.data.exports import Export
from tunebook.data.external import asked_as, refuse_lost
from tunebook.data.options import DataOptions


def chats_asked(data: DataRef, table: pa.Table, place: str) -> tuple[list[str], list[Chat]]:
    """What is asked in the rows of a table, in words, and the conversations without the answers at their ends.

    Raises:
        DataError: `chat.shape`, it holds none; `predict.chats`, a row has none.
    """
    export = Export(table, np.arange(1, table.num_rows + 1, dtype=np.int64))
    found = chat_table(export, asked_as(data, DataOptions()), place, labelled=False)
    refuse_lost(found.faults, place)
    return asked_in(found.table)


def asked_in(table: pa.Table) -> tuple[list[str], list[Chat]]:
    """What is asked in words, and the conversations, of a table that has them."""
    return table[TEXT].to_pylist(), chats_of(table[CHAT_COLUMN])


def lists_of_turns(texts: Any) -> bool:
    """Whether conversations are given as lists of turns."""
    return isinstance(texts, list) and any(isinstance(row, list) for row in texts)


__all__ = ["asked_in", "chats_asked", "lists_of_turns"]
