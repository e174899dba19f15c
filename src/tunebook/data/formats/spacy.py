"""spaCy: documents as JSON, with marked places and categories; binary .spacy files."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.look import Look
from tunebook.data.votes import Answer, join_answers

_HALF = 0.5
_DOC = {"text", "ents", "tokens"}


class Spacy(Format):
    """Texts with categories, each with a value from 0 to 1."""

    title: ClassVar[str] = "spaCy"

    def fits(self, look: Look) -> bool:
        """Documents as `Doc.to_json` writes them, texts with `cats`, or a DocBin."""
        if look.objects:
            return all(
                set(row) >= _DOC or ("text" in row and isinstance(row.get("cats"), dict)) for row in look.objects
            )
        return look.data[:1] == b"\x78" and b"tokens" in _unpacked(look.data)

    def read(self, look: Look) -> Export:
        """The texts with the categories whose value is above one half."""
        if not look.objects:
            raise self.refusal("binary", look)
        rows = look.rows()
        if not any(row.get("cats") for _, row in rows):
            raise self.refusal("tagging", look)
        return join_answers(_answers(rows), "cats" if look.labelled else None, {"text": "text"})


def _answers(rows: list[tuple[int, dict[str, Any]]]) -> Iterator[Answer]:
    several = any(sum(_on(value) for value in (row.get("cats") or {}).values()) > 1 for _, row in rows)
    for number, row in rows:
        cats = row.get("cats") or {}
        said = tuple(name for name, value in cats.items() if _on(value))
        left = "" if said or (several and cats) else "unlabelled"
        columns = {name: value for name, value in row.items() if isinstance(value, str | int | float)}
        yield Answer(number, number, columns, "", said, left)


def _on(value: Any) -> bool:
    return isinstance(value, int | float) and value > _HALF


def _unpacked(data: bytes) -> bytes:
    """The first bytes of what was packed; empty where it is no zlib stream."""
    try:
        return zlib.decompressobj().decompress(data, 4096)
    except zlib.error:
        return b""


__all__ = ["Spacy"]
