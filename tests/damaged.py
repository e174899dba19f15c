"""Ways to damage a file of a book, and commands that are run over what is left of it."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

WAYS = ("cut", "empty", "missing", "newer", "garbage")


def harm(path: Path, how: str) -> None:
    """Damage a file; what is no JSON cannot be of a newer version and is overwritten with noise."""
    data = path.read_bytes()
    path.chmod(0o644)
    if how == "missing":
        path.unlink()
        return
    path.write_bytes({"cut": data[: len(data) * 2 // 3], "empty": b""}.get(how) or _other(path, data, how))
    if how == "empty":
        path.write_bytes(b"")


def _other(path: Path, data: bytes, how: str) -> bytes:
    if how == "newer" and path.suffix == ".json":
        return json.dumps({**json.loads(data), "of_a_later_day": 1}).encode()
    return random.Random(0).randbytes(max(len(data), 64))


@dataclass(frozen=True)
class Damaged:
    """A copy of a book of which one file is damaged."""

    book: Path
    file: str
    how: str


def damaged(book: Path, into: Path, ways: tuple[str, ...] = WAYS) -> Iterator[Damaged]:
    """Every file of a book damaged in every way, each in a fresh copy in the same place."""
    files = sorted(str(path.relative_to(book)) for path in book.rglob("*") if path.is_file() and path.name != ".lock")
    for file in files:
        for how in ways:
            shutil.rmtree(into, ignore_errors=True)
            shutil.copytree(book, into, symlinks=True)
            harm(into / file, how)
            yield Damaged(into, file, how)


def commands(book: Path, into: Path) -> list[list[str]]:
    """Commands that look at a book, use it, or add to it."""
    name = str(book)
    return [
        ["runs", name], ["predict", name, "a lovely room"], ["check", name], ["doctor", name], ["table", "show", name],
        ["table", "list", name], ["table", "log", name], ["table", "history", name], ["soup", name],
        ["merge", name, "--into", str(into)], ["eval", name, "--no-baselines"],
        ["promote", name, "v1", "--force", "--reason", "x"],
    ]  # fmt: skip
