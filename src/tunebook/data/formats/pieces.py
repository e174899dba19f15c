"""Texts in pieces, some of which are named: `{"data": [{"text": "play "}, {"text": "Jazz", "entity": "genre"}]}`."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.data.annotated_spans import MarkedSpan, marked_export
from tunebook.data.exports import Export, Format
from tunebook.data.preview import Preview
from tunebook.data.votes import Answer

_START = re.compile(r'\s*(\{\s*"[^"]*"\s*:\s*)?\[?\s*\{\s*"data"\s*:\s*\[')
_NAMES = ("entity", "slot_name", "slot")


class Pieces(Format):
    """Utterances of Snips, alone or as a list under the name of their intent."""

    title: ClassVar[str] = "Snips"

    def fits(self, preview: Preview) -> bool:
        """Lists of pieces, each with a text, stand under `data`."""
        return not preview.parts and _START.match(preview.head) is not None and bool(_utterances(preview))

    def read(self, preview: Preview) -> Export:
        """A row an utterance, with the intent where the file says it."""
        answers = []
        for number, (intent, pieces) in enumerate(_utterances(preview), start=1):
            text, marks = "", []
            for piece in pieces:
                word = str(piece.get("text") or "")
                name = next((piece[key] for key in _NAMES if piece.get(key)), None)
                if name is not None:
                    marks.append(MarkedSpan(len(text), len(text) + len(word), str(name)))
                text += word
            columns = {"text": text, **({"intent": intent} if intent else {})}
            answers.append(Answer(number, number, columns, "", tuple(marks)))
        return marked_export(preview, answers, "text", {})


def _utterances(preview: Preview) -> list[tuple[str, list[dict[str, Any]]]]:
    """Intent and pieces of each; none where the file holds anything else."""
    try:
        content = json.loads(preview.text)
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
