"""JSON with a part for each split: `{"train": [["some text", "label"], ...], "val": [...], "oos_train": [...]}`."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.data.exports import Export, Format, to_export
from tunebook.data.given_split import split_of
from tunebook.data.in_memory import labelled
from tunebook.data.jsons import document_rows
from tunebook.data.preview import Preview

_LIST = re.compile(r'"([^"\\]{1,40})"\s*:\s*\[')


class Parts(Format):
    """Rows of every part whose name says a split, with the name in the column `split`."""

    title: ClassVar[str] = "JSON"
    general: ClassVar[bool] = True

    def fits(self, preview: Preview) -> bool:
        """An object with lists of rows named as splits, two at least and one of them to train on."""
        if preview.parts or preview.head.lstrip()[:1] != "{" or not any(map(split_of, _LIST.findall(preview.head))):
            return False
        parts = _parts(_content(preview))
        return len(parts) > 1 and "train" in map(split_of, parts)

    def read(self, preview: Preview) -> Export:
        """The rows, numbered through in the order of the file."""
        content = _content(preview)
        parts = _parts(content)
        rows: list[dict[str, Any]] = []
        for name, items in parts.items():
            found = labelled(items) or document_rows(items)
            if found is None:
                raise DataError("data.json", key=str(preview.path), line=1, reason=f"{name}: no list of rows")
            rows += [{**row, "split": name} for row in found]
        left = [name for name in content if name not in parts]
        notes = {"parts_left": ", ".join(left)} if left else {}
        return to_export(enumerate(rows, start=1), {"split_column": "split"}, notes=notes)


def _content(preview: Preview) -> dict[str, Any]:
    try:
        content = json.loads(preview.text)
    except (ValueError, RecursionError, DataError):
        return {}  # told by who reads it as any JSON
    return content if isinstance(content, dict) else {}


def _parts(content: dict[str, Any]) -> dict[str, list[Any]]:
    """The lists of rows that are named as a split."""
    return {
        name: items
        for name, items in content.items()
        if isinstance(items, list) and split_of(name) and items and isinstance(items[0], dict | list)
    }


__all__ = ["Parts"]
