"""Configurations of other tools as parameter tables: LLaMA-Factory, ms-swift, Axolotl, transformers.

imported = read_foreign("llama3_lora_sft.yaml")
table = imported.table()                    # or imported.table(book.champion), a child of it
for note in imported.notes: print(note.key, note.action, note.row, note.why)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tunebook.core.errors import TableError
from tunebook.core.localized import localized
from tunebook.core.nouns import ParamTable
from tunebook.core.params import Value
from tunebook.core.registry import own_rows
from tunebook.tables.declared import techniques
from tunebook.tables.files import read_text
from tunebook.tables.foreign.axolotl import TOOL as AXOLOTL
from tunebook.tables.foreign.keys import Config, Job, Note, Tool
from tunebook.tables.foreign.llama_factory import TOOL as LLAMA_FACTORY
from tunebook.tables.foreign.methods import METHODS
from tunebook.tables.foreign.ms_swift import TOOL as MS_SWIFT
from tunebook.tables.foreign.programs import TOOL as TRAINER
from tunebook.tables.foreign.script import parse_script
from tunebook.tables.foreign.take import take, unfolded
from tunebook.tables.foreign.trainer import KEYS as ARGUMENTS
from tunebook.tables.in_force import techniques_of
from tunebook.tables.json_yaml import parse_json, parse_yaml
from tunebook.tables.make import child, new_table

FORMS = (".json", ".yaml", ".yml", ".sh", ".bash", ".txt")
TOOLS: dict[str, Tool] = {tool.name: tool for tool in (LLAMA_FACTORY, MS_SWIFT, AXOLOTL, TRAINER)}
_FEW = 2  # keys of transformers that a file must have to be its: `seed` alone stands in anything


@dataclass(frozen=True)
class Imported:
    """What a configuration gives.

    Attributes:
        tool: whose it is.
        values: row -> value; `reasons` says of each where it comes from.
        notes: one of each key, in the order of the file.
        method: the technique by which the file trains, `full` for the whole model, `freeze`, another tool's word where
            there is none here, empty where the file does not say.
        job: what the file is for; None where nothing says so.
    """

    tool: Tool
    file: str
    values: Mapping[str, Value]
    reasons: Mapping[str, str]
    notes: tuple[Note, ...]
    method: str = ""
    job: Job | None = None

    @property
    def refused(self) -> tuple[Note, ...]:
        """The keys that could not be taken although a row means them."""
        return tuple(note for note in self.notes if note.action == "refused")

    def switched_off(self, parent: ParamTable) -> list[str]:
        """Techniques of a table that cannot stand beside what the file trains with."""
        here = techniques_of(parent)
        if not self.method or not here:
            return []
        known = techniques()
        mine = known.get(self.method)
        apart = {key for key in here if mine and key in known and mine.excludes(known[key])}
        partial = {key for key in here if key in known and (known[key].delta or key == "freeze")}
        return sorted(key for key in here if key != self.method and (key in partial or key in apart))

    def of_other_tasks(self, parent: ParamTable) -> list[str]:
        """Rows that only books of another task than the parent's have."""
        apart = {row for row in self.values if "." in row and row not in parent.rows}
        known = own_rows().keys() - techniques_of(parent).keys() if apart else set()
        return [row for row in self.values if row in apart and row.partition(".")[0] in known]

    def table(self, parent: ParamTable | None = None, note: str = "", owner: str = "") -> ParamTable:
        """A full table, or a child of `parent` in which the rows taken are changed, but for those of another task.

        Raises:
            TableError: `importing.nothing` where no key could be taken; `row.together`.
        """
        if not self.values:
            why = " ".join(f"{note.key}: {note.why}" for note in self.refused)
            raise TableError("importing.nothing", key=self.file, tool=self.tool.title, refused=why)
        note = note or localized("importing.note", file=self.file, tool=self.tool.title)
        if parent is None:
            return new_table(self.values, reasons=self.reasons, note=note, owner=owner)
        apart, before = self.of_other_tasks(parent), parent.values()
        changed = {row: value for row, value in self.values.items() if row not in apart}
        changed = {row: value for row, value in changed.items() if before.get(row, _OFF) != value}
        changed |= dict.fromkeys(self.switched_off(parent), False)
        reasons = {row: reason for row, reason in self.reasons.items() if row in changed}
        return child(parent, changed, note=note, owner=owner or parent.owner, reasons=reasons)


_OFF = object()


def read_foreign(path: Path | str, tool: str | None = None) -> Imported:
    """Read the configuration of another tool: YAML, JSON, or a shell script with one training command.

    Args:
        tool: `llama-factory`, `ms-swift`, `axolotl` or `transformers`; None finds it out from the keys.

    Raises:
        TableError: the file cannot be read or is no configuration, its tool is not known or not clear.
    """
    path = Path(path)
    config, titled, program = _config(path)
    owner = _named_tool(tool) if tool else TOOLS[titled] if titled else _recognise(config, str(path))
    config = unfolded(config, owner)
    taken = take(config, owner)
    given = {row: (key, config.get(key)) for row, key in taken.sources.items()}
    reasons = {
        row: localized("importing.reason", tool=owner.title, file=path.name, key=key, value=value)
        for row, (key, value) in given.items()
    }
    method, job = owner.method(config), owner.job(config, program)
    return Imported(owner, path.name, taken.values, reasons, tuple(taken.notes), METHODS.get(method, method), job)


def _config(path: Path) -> tuple[Config, str | None, str]:
    """The keys, the tool where a script names it, and the program that a script calls."""
    form = path.suffix.lower()
    if form not in FORMS:
        raise TableError("importing.form", key=str(path), allowed=", ".join(FORMS))
    text = read_text(path)
    if form not in (".json", ".yaml", ".yml"):
        return parse_script(text, str(path))
    data = parse_json(text, str(path)) if form == ".json" else parse_yaml(text, str(path))
    if not isinstance(data, Mapping) or not data:
        raise TableError("importing.no_config", key=str(path), found=type(data).__name__)
    return {str(key): value for key, value in data.items()}, None, ""


def _named_tool(name: str) -> Tool:
    """A tool by its name.

    Raises:
        TableError: `importing.tool`.
    """
    tool = TOOLS.get(name.strip().lower())
    if tool is None:
        raise TableError("importing.tool", key="--from", value=name, allowed=" | ".join(TOOLS))
    return tool


def _recognise(config: Config, path: str) -> Tool:
    """The tool of which a configuration has most keys that no other tool has.

    LLaMA-Factory and ms-swift have all keys of transformers, so a file without any key of their own is transformers'.

    Raises:
        TableError: `importing.whose` where no tool, or more than one, fits.
    """
    owners = Counter(key for tool in TOOLS.values() for key in tool.keys)
    votes = {name: sum(key in tool.keys and owners[key] == 1 for key in config) for name, tool in TOOLS.items()}
    best = max(votes.values())
    found = [name for name, count in votes.items() if count == best]
    if not best:
        found = ["transformers"] if sum(key in ARGUMENTS for key in config) >= _FEW else []
    if len(found) != 1:
        raise TableError("importing.whose", key=path, allowed=" | ".join(found or TOOLS))
    return TOOLS[found[0]]


__all__ = ["FORMS", "TOOLS", "Imported", "Job", "Note", "read_foreign"]
