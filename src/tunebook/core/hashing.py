"""Content ids: the same content has the same id on every machine and in every session."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_BLOCK = 1 << 20


def content_id(content: Any, length: int = 12) -> str:
    """Hash of any JSON-able content: the first `length` hexadecimal digits of its SHA-256.

    Keys are sorted and floats written by `repr`, so that equal content gives equal ids.

    Raises:
        TypeError: the content holds something that JSON cannot carry.
    """
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=True)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def file_id(path: Path, length: int = 12) -> str:
    """Hash of a file's bytes, read in blocks of 1 MiB; of a folder, of the names and bytes of all its files."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return lines_id([text for file in files for text in (file.relative_to(path).as_posix(), file_id(file, 64))])
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()[:length]


def lines_id(lines: Iterable[str], length: int = 12) -> str:
    """Hash of a sequence of strings: order counts, and no two different sequences share their bytes."""
    digest = hashlib.sha256()
    for line in lines:
        data = line.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:length]


__all__ = ["content_id", "file_id", "lines_id"]
