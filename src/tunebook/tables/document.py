"""A table as a file holds it: rows as given, and the facts around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunebook.core.errors import TableError
from tunebook.tables.headings import FACTS, column, known_headings
from tunebook.tables.make import ABSENT, Given
from tunebook.tables.values import is_nothing


@dataclass(frozen=True)
class Document:
    """What a file says, unread.

    Attributes:
        rows: name as written -> row.
        facts: version, parent, note, owner, created, as far as the file has them.
    """

    rows: dict[str, Given]
    facts: dict[str, Any]


def from_data(data: Any, path: str) -> Document:
    """A document from what JSON or YAML holds. Four forms are known:

    - flat: `{"learning_rate": 2e-5, "fgm.epsilon": 1.0}`, also with `{"fgm": {"epsilon": 1.0}}`;
    - rows by name: `{"learning_rate": {"value": 2e-5, "reason": "..."}}`;
    - in full: `{"version": 2, "note": "...", "rows": {...}}`;
    - a list of rows: `[{"name": "learning_rate", "value": 2e-5}]`, with English or Chinese headings.

    Raises:
        TableError: `table.not_table`, `table.empty`, `table.fact`, `table.column`, `row.twice`.
    """
    facts: dict[str, Any] = {}
    rows = data
    if isinstance(data, Mapping) and "rows" in data:
        facts = {key: value for key, value in data.items() if key not in ("rows", "content")}
        rows = data["rows"]
        for key in facts:
            if key not in FACTS:
                raise TableError("table.fact", key=str(key), allowed=", ".join((*FACTS, "rows")), path=path)
    if isinstance(rows, list):
        found = _listed(rows, path)
    elif isinstance(rows, Mapping):
        found = _mapped(rows)
    else:
        raise TableError("table.not_table", key=path, found=type(rows).__name__)
    if not found:
        raise TableError("table.empty", key=path)
    return Document(found, facts)


def _mapped(rows: Mapping[Any, Any]) -> dict[str, Given]:
    found: dict[str, Given] = {}
    for name, item in rows.items():
        if not isinstance(item, Mapping) or not item:
            found[str(name)] = Given(value=item)
        elif all(column(key) for key in item):
            found[str(name)] = given_row({column(key) or "": value for key, value in item.items()})
        else:
            found |= {f"{name}.{field}": Given(value=value) for field, value in item.items()}
    return found


def _listed(rows: list[Any], path: str) -> dict[str, Given]:
    found: dict[str, Given] = {}
    lines: dict[str, int] = {}
    for number, item in enumerate(rows, 1):
        if not isinstance(item, Mapping):
            raise TableError("table.not_table", key=path, found=type(item).__name__)
        for key in item:
            if column(key) is None:
                raise TableError("table.column", key=str(key), allowed=known_headings(), path=path)
        cells = {column(key) or "": value for key, value in item.items()}
        name = str(cells.pop("name", "") or "").strip()
        if not name:
            raise TableError("table.nameless", key=path, number=number)
        if name in found:
            raise TableError("row.twice", key=name, first=f"#{lines[name]}", second=f"#{number}")
        found[name], lines[name] = given_row(cells), number
    return found


def given_row(cells: Mapping[str, Any]) -> Given:
    """A row from column -> cell; a column that is not there, or a recommendation of nothing, is absent."""
    recommended = cells.get("recommended")
    effect = cells.get("effect")
    return Given(
        value=cells.get("value", ABSENT),
        default=cells.get("default", ABSENT),
        recommended=ABSENT if recommended is None else recommended,
        description=str(cells.get("description") or ""),
        reason=str(cells.get("reason") or ""),
        effect=None if is_nothing(effect) else effect,
    )


__all__ = ["Document", "from_data", "given_row"]
