"""fastText: lines with `__label__NAME` before or after the text, one or several, no heading."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import ClassVar

from tunebook.data.exports import Export, Format
from tunebook.data.preview import Preview
from tunebook.data.votes import Answer, join_answers

_PREFIX = "__label__"
_LABEL = rf"{_PREFIX}(\S*[^\s,])"
# Labels at the beginning, set off from the text by blanks, a TAB, or a comma between blanks; or at the end.
_FIRST = re.compile(rf"\s*(?:{_LABEL}(?:\s+|$|,\s*))+(?:,\s+)?")
_LAST = re.compile(rf"(?:\s+{_LABEL})+\s*$")


class FastText(Format):
    """Labels with a prefix, and the rest of the line as text."""

    title: ClassVar[str] = "fastText"

    def fits(self, preview: Preview) -> bool:
        """Lines begin or end with labels, none has one in the middle, and no comma sets off cells of a table."""
        marked = [line for line in preview.lines if _PREFIX in line]
        labels = [_cut(_unquoted(line))[0] for line in marked]
        return bool(marked) and all(names and not any("," in name for name in names) for names in labels)

    def read(self, preview: Preview) -> Export:
        """A row a line."""
        answers = lines_of(preview)
        return join_answers(answers, "label" if preview.labelled else None, {"text": "text"})


def lines_of(preview: Preview, who: str = "") -> Iterator[Answer]:
    """What each line says; a text within quotation marks may have several lines, as doccano writes them."""
    for number, line in _records(preview.text):
        labels, text = _cut(line)
        yield Answer(number if not who else text, number, {"text": text}, who, labels, "" if labels else "unlabelled")


def _cut(line: str) -> tuple[tuple[str, ...], str]:
    """Labels and text of a line; no labels where one stands in the middle."""
    first, last = _FIRST.match(line), _LAST.search(line)
    start, end = first.end() if first else 0, last.start() if last else len(line)
    text = line[start:end].strip() if start < end else ""
    if _PREFIX in text:
        return (), line.strip()
    found = re.findall(_LABEL, line[:start]) + (re.findall(_LABEL, line[end:]) if end > start else [])
    return tuple(found), text


def _records(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; those that a quotation mark opens go on to the mark that closes it, as in CSV."""
    lines = text.split("\n")
    place = 0
    while place < len(lines):
        start, line = place, lines[place]
        place += 1
        if line.startswith('"'):
            while line.count('"') % 2 and place < len(lines):
                line += "\n" + lines[place]
                place += 1
            closed = line.count('"') % 2 == 0
            line, place = (_unquoted(line), place) if closed else (lines[start], start + 1)  # else a mere character
        if line.strip():
            yield start + 1, line


def _unquoted(line: str) -> str:
    if not line.startswith('"'):
        return line
    cells = next(csv.reader(io.StringIO(line, newline="")), [])
    return cells[0] if len(cells) == 1 else line


__all__ = ["FastText", "lines_of"]
