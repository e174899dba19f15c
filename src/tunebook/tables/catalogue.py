"""What techniques there are, what they need and which rows they have, read without importing them or torch.

It stands in `techniques/catalogue.json`, which `python scripts/make_docs.py` makes from the techniques themselves, as
the pages of the reference. Where another package brings techniques, all are imported and asked.
"""

from __future__ import annotations

import inspect
import json
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import entry_points
from importlib.resources import files
from typing import Any

from tunebook.core.messages import language
from tunebook.core.params import Declaration, Row, declarations
from tunebook.core.technique import Technique

FILE = "techniques/catalogue.json"
_TOLD = ("text", "zh", "replaces")  # of a row


@dataclass(frozen=True)
class Entry:
    """A technique or a stage.

    Attributes:
        doc: its page in English; zh: in Chinese.
        needs: what the task must give; excludes: keys of techniques that cannot stand beside it.
        rows: those of the table.
    """

    key: str
    doc: str
    zh: str
    needs: tuple[str, ...]
    excludes: tuple[str, ...]
    rows: tuple[Declaration, ...]

    @property
    def told(self) -> list[str]:
        """The paragraphs of its page in the user's language; the first says what it is."""
        return page(self.doc, self.zh, language())


@cache
def catalogue() -> dict[str, Entry]:
    """Key -> technique or stage, sorted.

    Raises:
        MachineError: `table.techniques`, those of another package need a library that is not installed.
    """
    if any(entry_points(group=f"tunebook.{group}") for group in ("techniques", "stages")):
        from tunebook.tables.declared import techniques

        return entries(techniques())
    text = files("tunebook").joinpath(FILE).read_text(encoding="utf-8")
    return {item["key"]: _entry(item) for item in json.loads(text)}


def entries(found: Mapping[str, type[Technique]]) -> dict[str, Entry]:
    """The same of imported techniques."""
    return {
        key: Entry(
            key,
            inspect.getdoc(kind) or "",
            kind.zh,
            tuple(sorted(kind.needs)),
            tuple(rivals(kind, found)),
            tuple(declarations(kind)),
        )
        for key, kind in sorted(found.items())
    }


def rivals(kind: type[Technique], found: Mapping[str, type[Technique]]) -> list[str]:
    """Keys of all techniques that cannot stand beside one, whichever of the two says so."""
    return sorted(key for key, other in found.items() if other is not kind and kind.excludes(other))


def to_json(found: Mapping[str, Entry]) -> str:
    """The file."""
    return json.dumps([_plain(item) for item in found.values()], ensure_ascii=False, indent=1) + "\n"


def _plain(entry: Entry) -> dict[str, Any]:
    rows = [
        {
            **{name: value for name, value in asdict(item).items() if name != "row"},
            "row": {name: value for name in _TOLD if (value := getattr(item.row, name))},
        }
        for item in entry.rows
    ]
    return {**asdict(entry), "rows": rows}


def _entry(item: dict[str, Any]) -> Entry:
    tuples = {name: tuple(item[name]) for name in ("needs", "excludes")}
    return Entry(**{**item, **tuples, "rows": tuple(map(_declaration, item["rows"]))})


def _declaration(item: dict[str, Any]) -> Declaration:
    tuples = {"choices": tuple(item["choices"]), "bounds": tuple(map(tuple, item["bounds"]))}
    return Declaration(**{**item, **tuples, "row": Row(**item["row"])})


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a docstring or of a text like one, each on a single line.

    Lines are joined with a space, but not between Chinese characters nor at Chinese punctuation.
    """
    return [_joined(part.split("\n")) for part in inspect.cleandoc(text).split("\n\n") if part.strip()]


def page(text: str, chinese: str, language: str) -> list[str]:
    """The paragraphs of a text in a language; what has no Chinese paragraph in its place is shown in English."""
    english = paragraphs(text)
    found = paragraphs(chinese) if language == "zh" else []
    return [*found, *english[len(found) :]]


def _joined(lines: list[str]) -> str:
    whole = lines[0].strip()
    for line in map(str.strip, lines[1:]):
        whole += ("" if _touch(whole[-1], line[0]) else " ") + line
    return whole


def _touch(left: str, right: str) -> bool:
    wide = [_is_wide(char) for char in (left, right)]
    return all(wide) or (any(wide) and (_is_mark(left) or _is_mark(right)))


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF" or char in "“”"


def _is_mark(char: str) -> bool:
    return _is_wide(char) and unicodedata.category(char)[0] in "PS"


__all__ = ["FILE", "Entry", "catalogue", "entries", "page", "paragraphs", "rivals", "to_json"]
