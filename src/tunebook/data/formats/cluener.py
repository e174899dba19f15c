"""CLUENER: for each type the texts of its entities, and for each text where it stands."""

from __future__ import annotations

from typing import Any, ClassVar

from tunebook.data.annotated_spans import MarkedSpan, marked_export
from tunebook.data.exports import Export, Format
from tunebook.data.preview import Preview
from tunebook.data.votes import Answer

_MOST = 0.9


class Cluener(Format):
    """`{"text": ..., "label": {"name": {"叶老桂": [[9, 11]]}}}`, the last letter included."""

    title: ClassVar[str] = "CLUENER"

    def fits(self, preview: Preview) -> bool:
        """Objects of types, of texts, of places; the type may be empty where a row has no entity."""
        labels = [row.get("label") for row in preview.objects if isinstance(row.get("text"), str)]
        filled = [label for label in labels if label]
        most = len(labels) >= _MOST * len(preview.objects)
        return bool(filled) and most and sum(map(_is_one, filled)) >= _MOST * len(filled)

    def read(self, preview: Preview) -> Export:
        """A row a text."""
        answers = []
        for number, row in preview.rows():
            label = row.pop("label", None)
            said = _marks(label) if label == {} or _is_one(label) else (label,)
            answers.append(Answer(number, number, row, "", said, "unlabelled" if label is None else ""))
        return marked_export(preview, answers, "text", {})


def _is_one(label: Any) -> bool:
    """Whether a label holds texts of entities, each with lists of two ends."""
    if not isinstance(label, dict) or not all(isinstance(texts, dict) and texts for texts in label.values()):
        return False
    places = [places for texts in label.values() for places in texts.values()]
    return all(
        isinstance(found, list) and all(isinstance(ends, list) and len(ends) == 2 for ends in found) for found in places
    )


def _marks(label: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(
        MarkedSpan(int(start), int(end) + 1, name, text)
        for name, texts in label.items()
        for text, places in texts.items()
        for start, end in places
    )


__all__ = ["Cluener"]
