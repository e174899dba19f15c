"""JSON rows with a list of words and a list of tags, one for each word."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.look import Look

_WORDS = ("tokens", "words", "sentence", "text")
_NO_WORD = re.compile(r"\S\s+\S|[\u3400-\u9fff]{6}")


class Tokens(Format):
    """Sentences in words, with a tag for each."""

    title: ClassVar[str] = "JSON"
    general: ClassVar[bool] = True

    def fits(self, look: Look) -> bool:
        """Two columns of lists are of the same length in every row, and one of them holds words."""
        rows = look.objects
        words = next((name for name in _WORDS if rows and _lengths(rows, name) and _are_words(rows, name)), None)
        if words is None or look.options.text is not None:
            return False
        lengths = _lengths(rows, words)
        others = [name for name in rows[0] if name != words and _lengths(rows, name) == lengths]
        return bool(others) and max(lengths) > 1

    def read(self, look: Look) -> Export:
        """Refused."""
        raise self.refusal("tagging", look)


def _lengths(rows: list[dict[str, Any]], name: str) -> list[int]:
    """Length of each row's list; empty where a row has none."""
    lists = [row.get(name) for row in rows]
    return [len(value) for value in lists if isinstance(value, list)] if all(isinstance(v, list) for v in lists) else []


def _are_words(rows: list[dict[str, Any]], name: str) -> bool:
    """Whether most items are single words: a column of whole texts is a list too."""
    items = [item for row in rows for item in row[name]]
    return 2 * sum(1 for item in items if _NO_WORD.search(str(item))) <= len(items)


__all__ = ["Tokens"]
