"""Values that are no version of a book's table: the version that they are nearest to, and in what they differ."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from tunebook.core.errors import TunebookError
from tunebook.core.params import Value
from tunebook.tables.store import TableStore


def nearest(book: Path, values: Mapping[str, Value], begun: str = "") -> tuple[str | None, dict[str, Any]]:
    """The version with the fewest other values, of several the newest, and row -> value where they differ; None for a
    row that they lack. No version at all where none can be read.

    Args:
        begun: when a run of the values was begun, ISO 8601 in UTC. A version that was made later does not rename it,
            unless it holds just these values.
    """
    store = TableStore(book / "tables")
    found: list[tuple[bool, int, int, dict[str, Any]]] = []
    for number in reversed(store.versions()):
        with suppress(TunebookError, OSError):
            known, created = _read(store.path(number), store.path(number).stat().st_mtime_ns)
            changed = _apart(known, values)
            later = bool(changed and begun and created > begun)
            found.append((later, len(changed), number, changed))
    _, _, number, changed = min(found, key=lambda item: item[:2], default=(False, 0, 0, {}))
    return (f"v{number}" if number else None), changed


def _apart(known: Mapping[str, Value], values: Mapping[str, Value]) -> dict[str, Any]:
    rows = dict.fromkeys((*values, *known))
    return {row: values.get(row) for row in rows if known.get(row) != values.get(row)}


@lru_cache(maxsize=256)
def _read(path: Path, _: int) -> tuple[dict[str, Value], str]:
    """The values of a version and when it was made, which never change; the time of its file tells one book from
    another at its place."""
    table = TableStore(path.parent).get(path.stem.rpartition("v")[2])
    return table.values(), table.created


__all__ = ["nearest"]
