"""Paragraphs of texts that are broken into lines in the source, in English and in Chinese."""

from __future__ import annotations

import inspect
import unicodedata


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a docstring or of a text like one, each on a single line.

    Lines are joined with a space, but not between Chinese characters nor at Chinese punctuation.
    """
    return [_joined(part.split("\n")) for part in inspect.cleandoc(text).split("\n\n") if part.strip()]


def page(text: str, chinese: str, language: str) -> list[str]:
    """The paragraphs of a text in a language; what has no Chinese paragraph in its place is shown in English."""
    english = paragraphs(text)
    found = paragraphs(chinese) if language == "zh" else []
    return [*found, *english[len(found) :]]


def _joined(lines: list[str]) -> str:
    whole = lines[0].strip()
    for line in map(str.strip, lines[1:]):
        whole += ("" if _touch(whole[-1], line[0]) else " ") + line
    return whole


def _touch(left: str, right: str) -> bool:
    wide = [_is_wide(char) for char in (left, right)]
    return all(wide) or (any(wide) and (_is_mark(left) or _is_mark(right)))


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF" or char in "“”"


def _is_mark(char: str) -> bool:
    return _is_wide(char) and unicodedata.category(char)[0] in "PS"


__all__ = ["page", "paragraphs"]
