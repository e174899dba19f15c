"""Two columns of a table: a text, and what is to be written of it."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from tunebook.core.errors import DataError
from tunebook.data.names import plain
from tunebook.data.options import DataOptions
from tunebook.data.roles import show_columns


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Names of the second column, the likeliest first, and of the first one beside each.
_TARGETS = _words(
    "summary summaries highlights headline tldr abstractive_summary target tgt target_text output answer response "
    "completion translation label title 摘要 标题 译文 目标"
)
_SOURCES = _words(
    "document article text content source src source_text input dialogue dialog abstract abst passage body question "
    "query prompt instruction 正文 文章 内容 原文 文本 源文"
)


def source_and_target(table: pa.Table, told: DataOptions) -> dict[str, Any]:
    """Part (`text`, `label`) -> column: as told, else by their names.

    Raises:
        DataError: `written.columns`.
    """
    free = {plain(name): name for name in reversed(table.column_names) if name not in (told.text, told.label)}
    label = told.label or next((free[name] for name in _TARGETS if name in free), None)
    text = told.text or next((free[name] for name in _SOURCES if name in free and free[name] != label), None)
    if text is None or label is None:
        raise DataError("written.columns", key="text, label", columns=show_columns(table))
    return {"text": text, "label": label}


__all__ = ["source_and_target"]
