"""The columns of a table as a file names them, in English and in Chinese."""

from __future__ import annotations

import unicodedata

from tunebook.core.messages import language

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


__all__ = ["COLUMNS", "FACTS", "ROWS", "column", "fact", "fact_headings", "headings", "known_headings"]
