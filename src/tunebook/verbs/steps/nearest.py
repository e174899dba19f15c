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


def nearest(book: Path, values: Mapping[str, Value]) -> tuple[str | None, dict[str, Any]]:
    """The version with the fewest other values, of several the newest, and row -> value where they differ; None for a
    row that they lack. No version at all where none can be read."""
    store = TableStore(book / "tables")
    found: list[tuple[int, dict[str, Any]]] = []
    for number in reversed(store.versions()):
        with suppress(TunebookError, OSError):
            known = _values(store.path(number), store.path(number).stat().st_mtime_ns)
            found.append((number, _apart(known, values)))
    number, changed = min(found, key=lambda item: len(item[1]), default=(0, {}))
    return (f"v{number}" if number else None), changed


def _apart(known: Mapping[str, Value], values: Mapping[str, Value]) -> dict[str, Any]:
    rows = dict.fromkeys((*values, *known))
    return {row: values.get(row) for row in rows if known.get(row) != values.get(row)}


@lru_cache(maxsize=256)
def _values(path: Path, _: int) -> dict[str, Value]:
    """The values of a version, which never change; the time of its file tells one book from another at its place."""
    return TableStore(path.parent).get(path.stem.rpartition("v")[2]).values()


__all__ = ["nearest"]
