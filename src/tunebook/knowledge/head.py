"""The head of a log: how many entries it has and the hash of the last, in a small file of its own.

A chain of hashes shows what was changed within it, but not that its end was cut off; the head does. It is written after
the entry is safe, so a kill may leave it behind, never ahead.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

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
    """Write the head, whole or not at all. The caller holds the lock of the log, so the part has one writer.

    Raises:
        OSError: the disk is full or closed.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as stream:
            stream.write(f"{json.dumps(head.model_dump())}\n".encode())
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


__all__ = ["Head", "read_head", "write_head"]
