"""Translations: a text in several languages."""

from __future__ import annotations

from typing import ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.preview import Preview

_PAIRS = ({"src", "tgt"}, {"source_text", "target_text"})


class Translations(Format):
    """Texts to be written in another language."""

    title: ClassVar[str] = "translation"

    def fits(self, preview: Preview) -> bool:
        """An object of languages, or a source and a target, in every row."""
        return bool(preview.objects) and all(
            isinstance(row.get("translation"), dict) or any(pair <= set(row) for pair in _PAIRS)
            for row in preview.objects
        )

    def read(self, preview: Preview) -> Export:
        """Refused."""
        raise self.refusal("writing", preview)


__all__ = ["Translations"]
