"""Conditions on rows in words, for reports and for what is kept of causes, which is read later in any language."""

from __future__ import annotations

from tunebook.core.formatting import phrase
from tunebook.core.localized import localized
from tunebook.diagnosis.records import Part, Slice


def part_words(part: Part) -> str:
    """A condition in words."""
    if part.sort == "language":
        return localized("errors.part.language", value=phrase("language", part.value))
    if part.sort in ("form", "reading"):
        return localized(f"errors.part.{part.value}")
    if part.sort == "column" and not part.value:
        return localized("errors.part.empty", name=part.name)
    return localized(f"errors.part.{part.sort}", name=part.name, value=part.value)


def slice_words(one: Slice) -> str:
    """All conditions of a slice."""
    words, *more = map(part_words, one.parts)
    for further in more:
        words = localized("errors.part.both", first=words, other=further)
    return words


__all__ = ["part_words", "slice_words"]
