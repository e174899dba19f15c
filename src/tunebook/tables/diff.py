"""What differs between two tables."""

from __future__ import annotations

from typing import Any

from tunebook.core.nouns import ParamTable

OFF = "off"


def diff(a: ParamTable, b: ParamTable) -> list[dict[str, Any]]:
    """Rows whose values differ, as `{"row", "from", "to"}`, in the order of the tables.

    A row that one of them lacks (its technique is off there) has `off` on that side. Notes, reasons, defaults and
    recommendations do not count: they train nothing.
    """
    old, new = a.values(), b.values()
    names = [*old, *(name for name in new if name not in old)]
    pairs = [(name, old.get(name, OFF), new.get(name, OFF)) for name in names]
    return [{"row": name, "from": before, "to": after} for name, before, after in pairs if before != after]


__all__ = ["OFF", "diff"]
