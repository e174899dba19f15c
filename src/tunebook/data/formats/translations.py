"""Translations: a text in several languages."""

from __future__ import annotations

from typing import ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.look import Look

_PAIRS = ({"src", "tgt"}, {"source_text", "target_text"})


class Translations(Format):
    """Texts to be written in another language."""

    title: ClassVar[str] = "translation"

    def fits(self, look: Look) -> bool:
        """An object of languages, or a source and a target, in every row."""
        return bool(look.objects) and all(
            isinstance(row.get("translation"), dict) or any(pair <= set(row) for pair in _PAIRS) for row in look.objects
        )

    def read(self, look: Look) -> Export:
        """Refused."""
        raise self.refusal("writing", look)


__all__ = ["Translations"]
