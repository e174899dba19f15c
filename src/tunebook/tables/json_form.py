"""Tables as JSON."""

from __future__ import annotations

import json
from typing import Any

from tunebook.core.errors import TableError
from tunebook.core.nouns import ParamTable


def parse_json(text: str, path: str) -> Any:
    """What a JSON text holds.

    Raises:
        TableError: `table.broken` with line and column; `row.twice` for a name that stands there twice.
    """
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise TableError("table.broken", key=path, line=error.lineno, column=error.colno, reason=error.msg) from error
    except (RecursionError, ValueError) as error:
        raise TableError("table.broken", key=path, line=1, column=1, reason=str(error)) from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for place, (name, value) in enumerate(pairs, 1):
        if name in found:
            raise TableError("row.twice", key=name, first=f"#{list(found).index(name) + 1}", second=f"#{place}")
        found[name] = value
    return found


def json_bytes(table: ParamTable) -> bytes:
    """A table in full as indented JSON, UTF-8."""
    return (json.dumps(table.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n").encode()


def flat_json_bytes(table: ParamTable) -> bytes:
    """Names and values alone as one JSON object."""
    return (json.dumps(table.values(), indent=2, ensure_ascii=False) + "\n").encode()


__all__ = ["flat_json_bytes", "json_bytes", "parse_json"]
