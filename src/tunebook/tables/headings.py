"""The columns of a table as a file names them, in English and in Chinese."""

from __future__ import annotations

import unicodedata

from tunebook.core.messages import language

COLUMNS = ("name", "value", "default", "recommended", "description", "reason", "effect")
FACTS = ("version", "parent", "note", "owner", "created")

_CHINESE = ("参数名称", "取值", "默认值", "推荐新值", "说明", "理由", "效果")
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
    text = unicodedata.normalize("NFKC", str(heading or "")).strip().lower().replace("_", " ")
    return _KNOWN.get(text)


def headings() -> tuple[str, ...]:
    """The headings of COLUMNS in the user's language."""
    return _CHINESE if language() == "zh" else COLUMNS


def known_headings() -> str:
    """English and Chinese headings, for an error to list."""
    return ", ".join(f"{name}/{other}" for name, other in zip(COLUMNS, _CHINESE, strict=True))


__all__ = ["COLUMNS", "FACTS", "column", "headings", "known_headings"]
