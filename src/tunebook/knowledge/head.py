"""The head of a log: how many entries it has and the hash of the last, in a small file of its own.

A chain of hashes shows what was changed within it, but not that its end was cut off; the head does. It is written after
the entry is safe, so a kill may leave it behind, never ahead.
"""

from __future__ import annotations

import json
from pathlib import Path

from tunebook.core.files import part_of
from tunebook.core.nouns import Record


class Head(Record):
    """Number and hash of the last entry; 0 and nothing for a log without entries."""

    count: int = 0
    hash: str = ""


def read_head(path: Path) -> Head | None:
    """The head in a file; None where the file is missing or damaged."""
    try:
        return Head.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def write_head(path: Path, head: Head) -> None:
    """Write the head, whole or not at all.

    Raises:
        OSError: the disk is full or closed.
    """
    with part_of(path, durable=True) as part:
        part.write_text(f"{json.dumps(head.model_dump())}\n", encoding="utf-8")


__all__ = ["Head", "read_head", "write_head"]
