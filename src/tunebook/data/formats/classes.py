"""JSON with a list of texts for each class: `{"billing": ["I was charged twice", ...], "delivery": [...]}`."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.data.exports import Export, Format, to_export
from tunebook.data.given_split import split_of
from tunebook.data.names import known
from tunebook.data.preview import Preview

_START = re.compile(r'\s*\{\s*"[^"]*"\s*:\s*\[\s*("|\])')


class Classes(Format):
    """Rows of every list, with the name of the class in the column `label`."""

    title: ClassVar[str] = "JSON"
    general: ClassVar[bool] = True

    def fits(self, preview: Preview) -> bool:
        """Lists of texts under names that are neither splits nor usual columns, and not all of one length, for such
        are the columns of a table."""
        return not preview.parts and _START.match(preview.head) is not None and bool(_lists(preview))

    def read(self, preview: Preview) -> Export:
        """The rows, numbered through in the order of the file."""
        rows = [{"text": text, "label": name} for name, texts in _lists(preview).items() for text in texts]
        return to_export(
            enumerate(rows, start=1), {"text": "text", "label": "label"} if preview.labelled else {"text": "text"}
        )


def _lists(preview: Preview) -> dict[str, list[Any]]:
    """Name of a class -> its texts; empty where the file holds anything else."""
    try:
        content = json.loads(preview.text)
    except (ValueError, RecursionError, DataError):
        return {}  # told by who reads it as any JSON
    if not isinstance(content, dict) or any(split_of(name) or known(name) for name in content):
        return {}
    lists = {name: items for name, items in content.items() if isinstance(items, list)}
    whole = len(lists) == len(content) and all(isinstance(item, str) for items in lists.values() for item in items)
    return lists if whole and len({len(items) for items in lists.values()}) > 1 else {}


__all__ = ["Classes"]
