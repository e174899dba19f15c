"""The page that lays two tables side by side."""

from __future__ import annotations

from typing import Any

from tunebook.core.messages import language, say
from tunebook.core.nouns import ParamTable
from tunebook.core.params import Value
from tunebook.core.words import shown
from tunebook.report.page import render
from tunebook.tables.declared import find
from tunebook.tables.in_force import diff, in_force


def table_diff_page(a: ParamTable, b: ParamTable, names: tuple[str, str]) -> str:
    """HTML that needs nothing else: the rows that differ with their reasons, then all that are the same.

    Args:
        names: what the two tables are called.
    """
    changed = [str(item["row"]) for item in diff(a, b)]
    same = [name for name in dict.fromkeys([*a.rows, *b.rows]) if name not in changed]
    return render(
        "table_diff.html.j2",
        names=names,
        sides=[_side(table, name) for table, name in zip((a, b), names, strict=True)],
        changed=[row_view(a, b, name) for name in changed],
        same=[row_view(a, b, name) for name in same],
    )


def row_view(a: ParamTable, b: ParamTable, name: str) -> dict[str, Any]:
    """A row as people read it: both values, by how much they differ, default, recommendation, reason, description."""
    row = b.rows.get(name) or a.rows[name]
    before, after = in_force(a, name), in_force(b, name)
    return {
        "name": name,
        "from": shown(before),
        "to": shown(after),
        "factor": factor(before, after),
        "default": shown(row.default),
        "recommended": "–" if row.recommended is None else shown(row.recommended),
        "reason": row.reason,
        "text": described(name, row.description),
    }


def factor(before: Value, after: Value) -> str:
    """`×0.5` for two numbers above 0; empty where a ratio says nothing."""
    numbers = [item for item in (before, after) if isinstance(item, int | float) and not isinstance(item, bool)]
    if len(numbers) < 2 or min(numbers) <= 0 or before == after:
        return ""
    return f"×{numbers[1] / numbers[0]:.3g}"


def described(name: str, description: str) -> str:
    """What a row is, in the user's language; the owner's own words stay as they are."""
    declared = find(name)
    if declared is None or description not in (declared.row.text, declared.row.zh):
        return description
    return declared.row.zh if language() == "zh" else declared.row.text


def _side(table: ParamTable, name: str) -> dict[str, Any]:
    facts = [
        (say("table.diff.version"), f"v{table.version}" if table.version else "–"),
        (say("table.diff.parent"), f"v{table.parent}" if table.parent else "–"),
        (say("table.diff.owner"), table.owner or "–"),
        (say("table.diff.created"), table.created[:16].replace("T", " ") or "–"),
        (say("table.diff.values"), table.values_id),
        (say("table.diff.note"), table.note or "–"),
    ]
    return {"name": name, "facts": facts}


__all__ = ["described", "factor", "row_view", "table_diff_page"]
