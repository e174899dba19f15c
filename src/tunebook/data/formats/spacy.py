"""spaCy: documents with categories and marked places, as JSON or binary (.spacy)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.data.docbin import read_docbin
from tunebook.data.exports import Export, Format
from tunebook.data.formats.spans import marks_of
from tunebook.data.look import Look, Objects
from tunebook.data.marks import marked_export
from tunebook.data.votes import Answer, join_answers

_HALF = 0.5
_DOC = {"text", "ents", "tokens"}
_ENTS = ("ents", "entities")


class Spacy(Format):
    """Texts with categories, each with a value from 0 to 1, or with entities where there are no categories."""

    title: ClassVar[str] = "spaCy"

    def fits(self, look: Look) -> bool:
        """Documents as `Doc.to_json` writes them, texts with `cats`, or a DocBin."""
        if look.objects:
            return all(
                set(row) >= _DOC or ("text" in row and isinstance(row.get("cats"), dict)) for row in look.objects
            )
        return look.data[:1] == b"\x78" and b"tokens" in _unpacked(look.data)

    def read(self, look: Look) -> Export:
        """The texts with the categories whose value is above one half, or with their entities."""
        rows = look.rows() if look.objects else self._documents(look)
        if look.options.label in _ENTS or not any(row.get("cats") for _, row in rows):
            return marked_export(look, map(_marked, rows), "text", {})
        return join_answers(_answers(rows), "cats" if look.labelled else None, {"text": "text"})

    def _documents(self, look: Look) -> Objects:
        try:
            found = read_docbin(look.data)
        except ValueError as error:
            raise DataError("format.damaged", key=str(look.path), tool=self.title, reason=str(error)) from error
        return [
            (number, {"text": text, "cats": cats, "ents": ents})
            for number, (text, cats, ents) in enumerate(found, start=1)
        ]


def _marked(numbered: tuple[int, dict[str, Any]]) -> Answer:
    """The entities of a document; one of which nobody said that it has none is not labelled."""
    number, row = numbered
    ents = next((row[name] for name in _ENTS if name in row), None)
    columns = {name: value for name, value in row.items() if isinstance(value, str | int | float)}
    left = "unlabelled" if ents is None else ""
    return Answer(
        number,
        number,
        columns,
        "",
        () if ents is None else marks_of([list(one) if isinstance(one, tuple) else one for one in ents]),
        left,
    )


def _answers(rows: Objects) -> Iterator[Answer]:
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
