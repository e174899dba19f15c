"""How wide a text is on a screen, in narrow letters: a Chinese character takes the place of two."""

from __future__ import annotations

import unicodedata


def columns_of(text: str) -> int:
    """Columns of a terminal, or narrow letters of a page, that a text takes."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def head(text: str, width: int) -> str:
    """As many characters of a text as have room, one at least."""
    end, used = 0, 0
    for char in text:
        used += columns_of(char)
        if used > width and end:
            break
        end += 1
    return text[:end]


def cut(text: str, width: int) -> str:
    """A text of at most so many columns; one that is longer ends in `…`."""
    return text if columns_of(text) <= width else head(text, width - 1).rstrip() + "…"


__all__ = ["columns_of", "cut", "head"]
