"""Questions on a text, with the place of the answer in it, as SQuAD writes them."""

from __future__ import annotations

from typing import ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.look import Look

_ANSWERS = ("answers", "answer")


class Questions(Format):
    """Answers to be found in a text."""

    title: ClassVar[str] = "SQuAD"

    def fits(self, look: Look) -> bool:
        """Context, question and an answer with its text; or the nested file of SQuAD itself."""
        rows = look.objects
        if len(rows) == 1 and isinstance(rows[0].get("data"), list):
            return any(isinstance(item, dict) and "paragraphs" in item for item in rows[0]["data"])
        return bool(rows) and all(
            {"context", "question"} <= set(row) and any(isinstance(row.get(name), dict | list) for name in _ANSWERS)
            for row in rows
        )

    def read(self, look: Look) -> Export:
        """Refused."""
        raise self.refusal("answering", look)


__all__ = ["Questions"]
