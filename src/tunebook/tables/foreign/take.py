"""What of another tool's configuration a table takes, with a note for each key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tunebook.core.errors import MachineError, TableError, near
from tunebook.core.messages import language, say
from tunebook.core.params import Declaration, Value
from tunebook.tables.declared import find, techniques
from tunebook.tables.foreign.keys import Config, Key, Note, Outcome, Tool
from tunebook.tables.foreign.methods import METHODS
from tunebook.tables.values import is_nothing, read_value

_SECRET = re.compile(r"(hub_token|swanlab_token|api_key|secret|auth_token|password)$")
_UNFILLED = re.compile(r"\$[\w{(]|`")


@dataclass
class Taken:
    """Rows taken so far.

    Attributes:
        values: row -> value; `sources` the key that gave it.
    """

    values: dict[str, Value] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


def unfolded(config: Config, tool: Tool) -> dict[str, Any]:
    """The parts of an object as keys of their own, such as `peft_config.r`, where the tool has such keys."""
    found: dict[str, Any] = {}
    for name, value in config.items():
        parts = isinstance(value, Mapping) and any(key.startswith(f"{name}.") for key in tool.keys)
        found |= {f"{name}.{part}": item for part, item in value.items()} if parts and value else {name: value}
    return found


def take(config: Config, tool: Tool) -> Taken:
    """Every key of a configuration, taken or noted: nothing is dropped without a word."""
    taken = Taken()
    own = METHODS.get(tool.method(config), "")
    for name, value in config.items():
        taken.notes.append(_note(taken, name, value, config, tool))
    if own and taken.values and not any(row.partition(".")[0] == own for row in taken.values):
        outcome = Outcome({own: True}, "importing.by_default")
        note = Note(key=tool.chooser, value=None, action="taken", why="")
        taken.notes.append(_rows(taken, note, tool.keys[tool.chooser], outcome, None))
    return taken


def _note(taken: Taken, name: str, value: Any, config: Config, tool: Tool) -> Note:
    shown = "***" if _SECRET.search(name) and not is_nothing(value) else value
    key = tool.keys.get(name)
    if key is None:
        if name.isupper():
            return Note(key=name, value=shown, action="not_applicable", why=say("importing.environment"))
        why = _sentences(say("importing.unknown", tool=tool.title), near(name, tool.keys).rstrip())
        return Note(key=name, value=shown, action="unknown", why=why)
    if not (key.row or key.convert):
        return Note(key=name, value=shown, action="not_applicable", why=say(key.why))
    if is_nothing(value) or value in ("", [], {}):
        return Note(key=name, value=shown, action="not_applicable", why=say("importing.empty"))
    outcome = key.convert(value, config) if key.convert else Outcome({key.row: value})
    own = METHODS.get(tool.method(config), "")
    if own and "learning_rate" in outcome.rows:  # the method's own takes the place of the table's
        outcome = Outcome({f"{own}.learning_rate": outcome.rows["learning_rate"]}, "importing.own_rate")
    if not outcome.rows:
        return Note(key=name, value=shown, action="not_applicable", why=say(outcome.why))
    return _rows(taken, Note(key=name, value=shown, action="taken", why=""), key, outcome, value)


def _rows(taken: Taken, note: Note, key: Key, outcome: Outcome, value: Any) -> Note:
    """The note of a key that means rows; they are kept if all of them can be."""
    row = key.row if key.row in outcome.rows else ", ".join(outcome.rows)
    try:
        read = _read(outcome.rows, note.key)
    except TableError as error:
        why = say("error.allowed", allowed=error.allowed) if error.allowed else error.advice
        return note.model_copy(update={"action": "refused", "row": row, "why": _sentences(error.message, why)})
    if read is None:
        why = _sentences(say("importing.not_available", row=row), _full_rate(row))
        return note.model_copy(update={"action": "not_available", "row": row, "why": why})
    clash = next((name for name, item in read.items() if taken.values.get(name, item) != item), None)
    if clash:
        why = say("importing.clash", row=clash, key=taken.sources[clash])
        return note.model_copy(update={"action": "refused", "row": row, "why": why})
    if len(read) == 1:
        row = next(iter(read))  # under its declared name, where ours is another one's alias
    taken.values |= read
    taken.sources |= {name: taken.sources.get(name, note.key) for name in read}
    if value not in outcome.rows.values() or (outcome.why and len(read) > 1) or _respelt(value, read):
        return note.model_copy(update={"action": "converted", "row": row, "why": _converted(outcome, read)})
    renamed = note.key != row
    why = say("importing.renamed", row=row) if renamed else say("importing.taken")
    why = _sentences(why, say(outcome.why) if outcome.why else "")
    return note.model_copy(update={"action": "renamed" if renamed else "taken", "row": row, "why": why})


def _respelt(value: Any, read: Mapping[str, Value]) -> bool:
    """Whether a text is kept in another spelling."""
    return any(isinstance(item, str) and item != str(value).strip() for item in read.values())


def _read(rows: Mapping[str, Any], key: str) -> dict[str, Value] | None:
    """Rows with values of their declared types; None where a technique that declares one is not there.

    Raises:
        TableError: `row.value`, `importing.variable`.
    """
    read: dict[str, Value] = {}
    for row, value in rows.items():
        if _UNFILLED.search(str(value)):
            raise TableError("importing.variable", key=key, value=value)
        declared = _declared(row)
        if declared is None and not _switch(row):
            return None
        read[declared.name if declared else row] = read_value(declared, value) if declared else True
    return read


def _declared(row: str) -> Declaration | None:
    try:
        return find(row)
    except MachineError:  # without torch no technique can be looked up, and none can be trained
        return None


def _switch(row: str) -> bool:
    try:
        return row in techniques()
    except MachineError:
        return False


def _full_rate(row: str) -> str:
    """A learning rate for an adapter is far too high for a whole model; whoever imports one has to know."""
    return say("importing.full_rate") if row == "lora" else ""


def _converted(outcome: Outcome, read: Mapping[str, Value]) -> str:
    given = ", ".join(f"{row} = {_text(value)}" for row, value in read.items())
    return _sentences(say("importing.converted", given=given), say(outcome.why) if outcome.why else "")


def _sentences(*parts: str) -> str:
    return ("" if language() == "zh" else " ").join(filter(None, parts))


def _text(value: Value) -> str:
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


__all__ = ["Taken", "take", "unfolded"]
