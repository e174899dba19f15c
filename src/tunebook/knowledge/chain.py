"""The chain of a log's entries: the hash of each covers its content and the hash of the one before.

A chain of hashes shows what was changed within it, but not that its end was cut off; the head, how many entries there
are and the hash of the last, does. It has a small file of its own, which is written after the entry is safe, so a kill
may leave it behind, never ahead.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from tunebook.core.files import content_id, part_of
from tunebook.core.nouns import Record

Row = tuple[Any, ...]  # number, time, actor, action, reason, version, evidence, forced, previous, hash
Kind = Literal["edited", "replaced", "missing", "unknown"]
_NUMBER, _PREVIOUS, _HASH = 0, -2, -1


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


class Fault(Record):
    """An entry that is not what was written.

    Attributes:
        kind: `edited`: its content has another hash. `replaced`: it agrees with its own hash, but the entry after it,
            or the head, was written after another one. `missing`: it was removed. `unknown`: the head is lost, so that
            entries from this number on may have been removed.
    """

    number: int
    kind: Kind


class Check(Record):
    """What a look at the whole chain found.

    Attributes:
        entries: how many there are.
        head: hash of the last one; noted elsewhere, it proves later that nothing up to it was changed.
    """

    entries: int
    head: str
    faults: list[Fault] = Field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Nothing was edited, removed, inserted or reordered."""
        return not self.faults

    @property
    def broken(self) -> list[int]:
        """Numbers of the entries that are not what was written."""
        return sorted({fault.number for fault in self.faults})


def digest(content: Iterable[Any]) -> str:
    """Hash of an entry: of all its columns but the hash, in their order."""
    return content_id([item if isinstance(item, str | int | None) else repr(item) for item in content], length=64)


def check(rows: list[Row], head: Head | None) -> Check:
    """Look at every entry, every link and the end.

    Args:
        rows: all entries by their number.
        head: as it was before the rows were read; None if there is none.
    """
    faults: list[Fault] = []
    number, known = 0, ""
    for row in rows:
        gap = [Fault(number=missing, kind="missing") for missing in range(number + 1, row[_NUMBER])]
        if not gap and row[_PREVIOUS] != known:
            faults.append(Fault(number=max(number, 1), kind="replaced"))
        if digest(row[:_HASH]) != row[_HASH]:
            faults.append(Fault(number=row[_NUMBER], kind="edited"))
        faults += gap
        number, known = row[_NUMBER], row[_HASH]
    faults += _end({row[_NUMBER]: row[_HASH] for row in rows}, number, head)
    known = known if isinstance(known, str) else ""  # of a file that was cut off anything may come
    return Check(entries=len(rows), head=known, faults=sorted(faults, key=lambda fault: fault.number))


def _end(hashes: dict[int, Any], last: int, head: Head | None) -> list[Fault]:
    if head is None:
        return [Fault(number=last + 1, kind="unknown")] if hashes else []
    if head.count > last:
        return [Fault(number=number, kind="missing") for number in range(last + 1, head.count + 1)]
    if head.count in hashes and hashes[head.count] != head.hash:
        return [Fault(number=head.count, kind="replaced")]
    return []


def tail(hashes: dict[int, str], head: Head | None) -> tuple[int, str]:
    """Number and hash that the next entry is written after.

    Where the end was cut off or replaced, the next entry is written after what the head knows, so that the gap or the
    broken link stays for good; where the head is lost, a number is left out.

    Args:
        hashes: number -> hash of the last entry and of the one that the head names.
    """
    last = max(hashes, default=0)
    if head is None:
        return (last + 1, "") if hashes else (0, "")
    if hashes.get(head.count, "") != head.hash:
        return max(last, head.count), head.hash
    return last, hashes.get(last, "")


__all__ = ["Check", "Fault", "Head", "Row", "check", "digest", "read_head", "tail", "write_head"]
