"""The tools whose configurations can be read, and which of them a configuration is of."""

from __future__ import annotations

from collections import Counter

from tunebook.core.errors import TableError
from tunebook.tables.foreign.axolotl import TOOL as AXOLOTL
from tunebook.tables.foreign.keys import Config, Tool
from tunebook.tables.foreign.llama_factory import TOOL as LLAMA_FACTORY
from tunebook.tables.foreign.ms_swift import TOOL as MS_SWIFT
from tunebook.tables.foreign.programs import TOOL as TRAINER
from tunebook.tables.foreign.trainer import KEYS as ARGUMENTS

TOOLS: dict[str, Tool] = {tool.name: tool for tool in (LLAMA_FACTORY, MS_SWIFT, AXOLOTL, TRAINER)}
_FEW = 2  # keys of transformers that a file must have to be its: `seed` alone stands in anything


def named_tool(name: str) -> Tool:
    """A tool by its name.

    Raises:
        TableError: `importing.tool`.
    """
    tool = TOOLS.get(name.strip().lower())
    if tool is None:
        raise TableError("importing.tool", key="--from", value=name, allowed=" | ".join(TOOLS))
    return tool


def recognise(config: Config, path: str) -> Tool:
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


__all__ = ["TOOLS", "named_tool", "recognise"]
