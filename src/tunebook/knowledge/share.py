"""Lessons as lines of JSON, without what is private, so that teams can share them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from tunebook.core.errors import DataError
from tunebook.core.said import STORED
from tunebook.knowledge.lesson import Lesson, anonymous

_LONGEST = 1 << 20  # characters of a line


def to_lines(lessons: Iterable[Lesson], *, with_reasons: bool = False) -> str:
    """Anonymised lessons, one a line."""
    return "".join(
        f"{anonymous(item, with_reasons=with_reasons).model_dump_json(context=STORED)}\n" for item in lessons
    )


def from_lines(path: Path) -> Iterator[Lesson]:
    """The lessons of a file.

    Raises:
        DataError: `index.file`, it cannot be read; `index.line` with the number of a line that holds no lesson.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("index.file", key=str(path), reason=str(error)) from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            if len(line) > _LONGEST:
                raise ValueError
            yield anonymous(Lesson.model_validate_json(line), with_reasons=True)
        except (ValueError, ValidationError, KeyError) as error:
            raise DataError("index.line", key=str(path), number=number, value=line) from error


__all__ = ["from_lines", "to_lines"]
