"""Translations: a text in several languages."""

from __future__ import annotations

from typing import Any, ClassVar

from tunebook.core.errors import DataError
from tunebook.data.exports import Export, Format, to_export
from tunebook.data.kind import wants_texts
from tunebook.data.preview import Preview

_PAIRS = (("src", "tgt"), ("source_text", "target_text"))
_LANGUAGES = "translation"


class Translations(Format):
    """Texts to be written in another language; read where these are wanted."""

    title: ClassVar[str] = "translation"

    def fits(self, preview: Preview) -> bool:
        """An object of languages, or a source and a target, in every row."""
        return bool(preview.objects) and all(
            isinstance(row.get(_LANGUAGES), dict) or _pair(row) is not None for row in preview.objects
        )

    def read(self, preview: Preview) -> Export:
        """Source and target; of an object of languages those that the user names, such as `translation.en`.

        Raises:
            DataError: `chat.languages`, it is not said from which language into which.
        """
        if not wants_texts(preview.options):
            raise self.refusal("writing", preview)
        first, options = preview.objects[0], preview.options
        languages = first.get(_LANGUAGES)
        if isinstance(languages, dict):
            if options.text is None or (options.label is None and preview.labelled):
                names = [f"{_LANGUAGES}.{name}" for name in languages]
                flags = {"text": names[0], "label": names[-1]}
                raise DataError("chat.languages", key=str(preview.path), allowed=", ".join(names), **flags)
            return to_export(preview.rows(), {})
        pair = _pair(first)
        assert pair is not None
        return to_export(preview.rows(), {"text": pair[0], "label": pair[1]})


def _pair(row: dict[str, Any]) -> tuple[str, str] | None:
    return next((pair for pair in _PAIRS if set(pair) <= set(row)), None)


__all__ = ["Translations"]
