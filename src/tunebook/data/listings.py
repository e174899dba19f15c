"""LLaMA-Factory's dataset_info.json: which files it names, and what the columns and speakers of each are called.

Its columns are strict: where an entry names some, all others are no part of the conversation. Source of the names:
LLaMA-Factory, data/README.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tunebook.core.errors import DataError
from tunebook.data.cells import missing

LISTING = "dataset_info.json"
WHERE = ("file_name", "hf_hub_url", "ms_hub_url", "om_hub_url", "script_url", "cloud_file_name")
# Part of an entry -> the name that such a column usually has.
_ALPACA = {"prompt": "instruction", "query": "input", "response": "output", "history": "history", "system": "system"}
_TURNS = {"messages": "messages", "system": "system", "tools": "tools"}
_LIKED = {name: name for name in ("chosen", "rejected", "kto_tag")}
_WHO = {"user_tag": "user", "assistant_tag": "assistant", "observation_tag": "observation"}
_WHO |= {"function_tag": "function_call", "system_tag": "system"}


@dataclass(frozen=True)
class Entry:
    """A data set of a listing.

    Attributes:
        file: its name beside the listing; empty where it lies elsewhere.
        columns, tags: part -> name, as the listing has them.
        turns: rows hold lists of turns; ranking: they hold answers of which one was preferred.
    """

    name: str
    file: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    turns: bool = False
    ranking: bool = False


def entries_of(listing: Any) -> dict[str, Entry]:
    """Name -> entry; empty where some value says not where a data set is."""
    if not isinstance(listing, dict):
        return {}
    found = {}
    for name, item in listing.items():
        if not isinstance(item, dict) or not any(item.get(key) for key in WHERE):
            return {}
        columns, tags = item.get("columns") or {}, item.get("tags") or {}
        turns = str(item.get("formatting", "alpaca")) != "alpaca"
        file = str(item.get("file_name") or "")
        found[str(name)] = Entry(str(name), file, dict(columns), dict(tags), turns, bool(item.get("ranking")))
    return found


def entry_beside(path: Path) -> Entry | None:
    """What a listing in the folder of a file says of it; None where there is none, or several entries name it."""
    listing = path.parent / LISTING
    if path.name == LISTING or not path.is_file() or not listing.is_file():
        return None
    try:
        found = entries_of(json.loads(listing.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError, RecursionError):
        return None  # of no use here, and not what was asked for
    mine = [entry for entry in found.values() if entry.file in (path.name, path.name.removesuffix(".gz"))]
    return mine[0] if len(mine) == 1 and (mine[0].columns or mine[0].tags) else None


def usual(row: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
    """A row of an entry with columns and speakers by the names that they usually have.

    Raises:
        DataError: `chat.listed`, the row lacks a column that the entry names.
    """
    if not entry.columns and not entry.tags:
        return dict(row)
    names = {**(_TURNS if entry.turns else _ALPACA), **_LIKED}
    parts = {names[part]: column for part, column in entry.columns.items() if part in names}
    if not parts and entry.turns:
        parts = {"messages": "conversations"}
    wrong = next((column for column in parts.values() if column not in row), None)
    if wrong is not None:
        raise DataError("chat.listed", key=entry.name, value=wrong, allowed=", ".join(map(str, row)))
    used = set(parts.values())
    beside = {f"source_{name}" if name in _KNOWN else name: cell for name, cell in row.items() if name not in used}
    made = {part: row[column] for part, column in parts.items()}
    if entry.tags and isinstance(made.get("messages"), list):
        made["messages"] = [_turn(turn, entry.tags) for turn in made["messages"]]
    return {**made, **beside}


_KNOWN = frozenset(
    {*_ALPACA, *_ALPACA.values(), *_TURNS, *_LIKED, "label"}
    | {"conversations", "conversation", "dialog", "dialogue", "turns", "question", "answer", "completion", "target"}
)


def _turn(turn: Any, tags: Mapping[str, str]) -> Any:
    if not isinstance(turn, Mapping):
        return turn
    who, said = turn.get(tags.get("role_tag", "from")), turn.get(tags.get("content_tag", "value"))
    if missing(who):
        return turn
    speaker = next((role for tag, role in _WHO.items() if tags.get(tag) == who), who)
    return {"role": speaker, "content": said}


__all__ = ["LISTING", "Entry", "entries_of", "entry_beside", "usual"]
