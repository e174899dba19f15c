"""CoNLL, IOB and CoNLL-U: a token a line with its tags, a blank line after each sentence."""

from __future__ import annotations

import re
from typing import ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.look import Look

_TAG = re.compile(r"(O|[BIESLUM]-\S+|_)")
_DOCUMENT = "-DOCSTART-"
_COLUMNS_U = 10
_FEW = 4


class Conll(Format):
    """Tokens under each other."""

    title: ClassVar[str] = "CoNLL"

    def fits(self, look: Look) -> bool:
        """Every line has as many columns, and the last is a tag; or the ten columns of CoNLL-U."""
        lines = [line for line in look.lines if not line.startswith(("#", _DOCUMENT))]
        if len(lines) < _FEW or "\n\n" not in look.head:
            return False
        rows = [line.split("\t") if "\t" in line else line.split() for line in lines]
        if len({len(row) for row in rows}) > 1 or len(rows[0]) < 2:
            return False
        if len(rows[0]) == _COLUMNS_U and all(re.fullmatch(r"\d+([-.]\d+)?", row[0]) for row in rows):
            return True
        tags = {row[-1] for row in rows}
        return all(_TAG.fullmatch(tag) for tag in tags) and bool(tags - {"_"})

    def read(self, look: Look) -> Export:
        """Refused."""
        raise self.refusal("tagging", look)


__all__ = ["Conll"]
