"""Texts in pieces, some of which are named: `{"data": [{"text": "play "}, {"text": "Jazz", "entity": "genre"}]}`."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.data.exports import Export, Format
from tunebook.data.look import Look
from tunebook.data.marks import Mark, marked_export
from tunebook.data.votes import Answer

_START = re.compile(r'\s*(\{\s*"[^"]*"\s*:\s*)?\[?\s*\{\s*"data"\s*:\s*\[')
_NAMES = ("entity", "slot_name", "slot")


class Pieces(Format):
    """Utterances of Snips, alone or as a list under the name of their intent."""

    title: ClassVar[str] = "Snips"

    def fits(self, look: Look) -> bool:
        """Lists of pieces, each with a text, stand under `data`."""
        return not look.parts and _START.match(look.head) is not None and bool(_utterances(look))

    def read(self, look: Look) -> Export:
        """A row an utterance, with the intent where the file says it."""
        answers = []
        for number, (intent, pieces) in enumerate(_utterances(look), start=1):
            text, marks = "", []
            for piece in pieces:
                word = str(piece.get("text") or "")
                name = next((piece[key] for key in _NAMES if piece.get(key)), None)
                if name is not None:
                    marks.append(Mark(len(text), len(text) + len(word), str(name)))
                text += word
            columns = {"text": text, **({"intent": intent} if intent else {})}
            answers.append(Answer(number, number, columns, "", tuple(marks)))
        return marked_export(look, answers, "text", {})


def _utterances(look: Look) -> list[tuple[str, list[dict[str, Any]]]]:
    """Intent and pieces of each; none where the file holds anything else."""
    try:
        content = json.loads(look.text)
    except (ValueError, RecursionError, DataError):
        return []  # told by who reads it as any JSON
    lists = content if isinstance(content, dict) else {"": content}
    found = []
    for intent, rows in lists.items():
        for row in rows if isinstance(rows, list) else [None]:
            pieces = row.get("data") if isinstance(row, dict) else None
            if not isinstance(pieces, list) or not all(isinstance(piece, dict) and "text" in piece for piece in pieces):
                return []
            found.append((intent, pieces))
    return found


__all__ = ["Pieces"]
