"""A table as a file holds it: rows as given, the facts around them, and columns named in English or in Chinese."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tunebook.core.errors import TableError
from tunebook.core.messages import language
from tunebook.tables.declared import find
from tunebook.tables.make import ABSENT, Given
from tunebook.tables.values import is_nothing

COLUMNS = ("name", "value", "default", "recommended", "description", "reason", "effect")
FACTS = ("version", "parent", "note", "owner", "created")
ROWS = ("rows", "参数")  # keys under which a full JSON or YAML table holds its rows

_CHINESE = ("参数名称", "取值", "默认值", "推荐新值", "说明", "理由", "效果")
_CHINESE_FACTS = ("版本", "父版本", "备注", "负责人", "创建时间")
_FACTS = {**{name: name for name in FACTS}, **dict(zip(_CHINESE_FACTS, FACTS, strict=True)), "所有者": "owner"}
_OTHER = {
    "parameter": "name",
    "parameter name": "name",
    "param": "name",
    "hyperparameter": "name",
    "参数": "name",
    "参数名": "name",
    "名称": "name",
    "超参数": "name",
    "new value": "value",
    "值": "value",
    "当前值": "value",
    "新值": "value",
    "default value": "default",
    "默认": "default",
    "缺省值": "default",
    "recommended value": "recommended",
    "recommendation": "recommended",
    "推荐值": "recommended",
    "推荐": "recommended",
    "建议值": "recommended",
    "comment": "description",
    "参数说明": "description",
    "描述": "description",
    "备注": "description",
    "why": "reason",
    "原因": "reason",
    "gain": "effect",
    "效果提升": "effect",
}
_KNOWN = {**{name: name for name in COLUMNS}, **dict(zip(_CHINESE, COLUMNS, strict=True)), **_OTHER}


def column(heading: object) -> str | None:
    """The column that a heading names; None if it names none. Case, width and underscores do not matter."""
    return _KNOWN.get(_plain(heading))


def fact(heading: object) -> str | None:
    """The fact of a table that a word names, in English or in Chinese; None if it names none."""
    return _FACTS.get(_plain(heading))


def _plain(heading: object) -> str:
    return unicodedata.normalize("NFKC", str(heading or "")).strip().lower().replace("_", " ")


def headings() -> tuple[str, ...]:
    """The headings of COLUMNS in the user's language."""
    return _CHINESE if language() == "zh" else COLUMNS


def fact_headings() -> dict[str, str]:
    """Fact -> the word for it in the user's language."""
    return dict(zip(FACTS, _CHINESE_FACTS if language() == "zh" else FACTS, strict=True))


def known_headings() -> str:
    """English and Chinese headings, for an error to list."""
    return ", ".join(f"{name}/{other}" for name, other in zip(COLUMNS, _CHINESE, strict=True))


@dataclass(frozen=True)
class Document:
    """What a file says, unread.

    Attributes:
        rows: name as written -> row.
        facts: version, parent, note, owner, created, as far as the file has them.
    """

    rows: dict[str, Given]
    facts: dict[str, Any]

    def annotated(self, rows: Mapping[str, str], rest: str = "") -> Document:
        """The same with comments kept: a row's behind its reason, the others behind the table's note."""
        found = dict(self.rows)
        for name, comment in rows.items():
            if name in found:
                found[name] = replace(found[name], reason=joined(found[name].reason, comment))
            else:
                rest = joined(rest, comment)
        return Document(found, {**self.facts, "note": joined(self.facts.get("note"), rest)} if rest else self.facts)


def joined(text: Any, comment: str) -> str:
    """A text with the lines of a comment behind it that it does not hold already."""
    said = "" if text is None else str(text).strip()
    known = said.split("\n")
    return "\n".join([said, *(line for line in comment.split("\n") if line.strip() not in known)]).strip()


def from_data(data: Any, path: str) -> Document:
    """A document from what JSON or YAML holds. Four forms are known:

    - flat: `{"learning_rate": 2e-5, "fgm.epsilon": 1.0}`, also with `{"fgm": {"epsilon": 1.0}}`;
    - rows by name: `{"learning_rate": {"value": 2e-5, "reason": "..."}}`;
    - in full: `{"version": 2, "note": "...", "rows": {...}}`, or with the Chinese words for these;
    - a list of rows: `[{"name": "learning_rate", "value": 2e-5}]`, with English or Chinese headings.

    Raises:
        TableError: `table.not_table`, `table.empty`, `table.fact`, `table.column`, `row.twice`.
    """
    facts: dict[str, Any] = {}
    rows = data
    if data is None:
        raise TableError("table.empty", key=path)
    if isinstance(data, Mapping) and any(key in ROWS for key in data):
        rows = next(value for key, value in data.items() if key in ROWS)
        facts = _facts({key: value for key, value in data.items() if key not in (*ROWS, "content")}, path)
    if isinstance(rows, list):
        found = _listed(rows, path)
    elif isinstance(rows, Mapping):
        found = _mapped(rows, path)
    else:
        raise TableError("table.not_table", key=path, found=type(rows).__name__)
    if not found:
        raise TableError("table.empty", key=path)
    return Document(found, facts)


def _facts(given: Mapping[Any, Any], path: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in given.items():
        name = fact(key)
        if name is None:
            raise TableError("table.fact", key=str(key), allowed=", ".join((*FACTS, "rows")), path=path)
        if name in found:
            raise TableError("table.column_twice", key=name, path=path)
        found[name] = value
    return found


def _mapped(rows: Mapping[Any, Any], path: str) -> dict[str, Given]:
    found: dict[str, Given] = {}
    for name, item in rows.items():
        if not isinstance(item, Mapping) or not item:
            found[str(name)] = Given(value=item)
        elif all(column(key) for key in item):
            found[str(name)] = given_row({column(key) or "": value for key, value in item.items()})
        else:
            strange = next(key for key in item if column(key) is None)
            if any(column(key) for key in item) and find(str(name)):
                raise TableError("table.column", key=str(strange), allowed=known_headings(), path=path)
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


__all__ = [
    "COLUMNS",
    "FACTS",
    "ROWS",
    "Document",
    "column",
    "fact",
    "fact_headings",
    "from_data",
    "given_row",
    "headings",
    "joined",
    "known_headings",
]
