"""Tables and facts on a terminal of any width: lines break between words and Chinese characters, never inside a word
where there is room, and where columns have no room side by side each row becomes lines below each other.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.messages import columns_of, head

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.text import Text

GAP, INDENT = 3, 2
_NARROW = 24  # a value beside its name wants so many columns, or it goes below
_WIDE, _CLOSING = r"\u2e80-\u9fff\uf900-\uffef", "[，。、；：！？）》」』”]*"
_OPENING = "[（《「『“]*"  # ends no line, as what closes begins none
_PIECE = rf"\s+|{_OPENING}(?:[{_WIDE}]|[^\s{_WIDE}]+){_CLOSING}"


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most so many columns, broken at spaces and between Chinese characters, a longer word anywhere."""
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if columns_of(line) + columns_of(piece.rstrip()) > width and line.strip():
            lines.append(line.rstrip())
            line = ""
        line += piece if line or not piece.isspace() else ""
        while columns_of(line.rstrip()) > width:
            first = head(line, width)
            lines.append(first)
            line = line[len(first) :]
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(text: str) -> list[str]:
    """What a line may be broken between; where no character is wide, a simpler pattern says the same at once."""
    return re.findall(_PIECE if max(text, default="") >= "\u2e80" else r"\s+|\S+", text)


def widths(natural: Sequence[int], least: Sequence[int], room: int) -> list[int] | None:
    """Width of each column; None where not even the longest words have room side by side.

    Args:
        natural: of each column if nothing is broken; least: of its longest word.
    """
    if sum(natural) <= room:
        return list(natural)
    if sum(least) > room:
        return None
    found, order = list(least), sorted(range(len(least)), key=lambda number: natural[number] - least[number])
    for place, number in enumerate(order):  # what wants little gets it, the others share the rest
        spare = (room - sum(found)) // (len(order) - place)
        found[number] += min(natural[number] - least[number], spare)
    return found


@dataclass(frozen=True)
class Grid:
    """A table, to be printed by rich.

    Attributes:
        right: numbers of the columns that are aligned to the right.
        whole: numbers of the columns whose cells are not broken while the table has room for them.
    """

    headings: Sequence[str]
    lines: Sequence[Sequence[str]]
    right: Collection[int] = ()
    whole: Collection[int] = (0,)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        from rich.text import Text

        columns = list(zip(self.headings, *self.lines, strict=True))
        natural = [max(map(_longest_line, column)) for column in columns]
        words = [max(map(_longest_word, column)) for column in columns]
        least = [natural[number] if number in self.whole else words[number] for number in range(len(columns))]
        room = options.max_width - GAP * (len(columns) - 1)
        found = widths(natural, least, room) or widths(natural, words, room)
        if found is None:
            yield from self._below(options.max_width)
            return
        yield from (Text(line, style="bold") for line in self._row(self.headings, found))
        yield Text("─" * (sum(found) + GAP * (len(found) - 1)))
        for cells_ in self.lines:
            yield from (Text(line) for line in self._row(cells_, found))

    def _row(self, row: Sequence[str], found: Sequence[int]) -> Iterator[str]:
        parts = [_lines(cell, width) for cell, width in zip(row, found, strict=True)]
        for number in range(max(map(len, parts))):
            line = ""
            for place, (part, width) in enumerate(zip(parts, found, strict=True)):
                text = part[number] if number < len(part) else ""
                pad = " " * (width - columns_of(text))
                line += (pad + text if place in self.right else text + pad) + " " * GAP
            yield line.rstrip()

    def _below(self, width: int) -> Iterator[Text]:
        """Each row as its first cell, and the others below it with their headings."""
        from rich.text import Text

        for row in self.lines:
            yield from (Text(line, style="bold") for line in _lines(row[0], width))
            for heading, cell in zip(self.headings[1:], row[1:], strict=True):
                yield from (Text(line) for line in hanging(f"{heading}: {cell}", width, first=INDENT))


@dataclass(frozen=True)
class Facts:
    """Names and values below each other, to be printed by rich without cropping: a path is never broken."""

    pairs: Sequence[tuple[str, str | Path]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        from rich.text import Text

        left = max((columns_of(name) for name, _ in self.pairs), default=0) + INDENT
        beside = options.max_width - left >= _NARROW
        for name, value in self.pairs:
            width = options.max_width - (left if beside else INDENT)
            lines = [str(value)] if isinstance(value, Path) else _lines(value, width)
            start = name + " " * (left - columns_of(name))
            if beside:
                yield Text.assemble((start, "bold"), lines[0], no_wrap=True, overflow="ignore")
            else:
                yield Text(name, style="bold")
            rest = lines[1:] if beside else lines
            margin = " " * (left if beside else INDENT)
            yield from (Text(margin + line, no_wrap=True, overflow="ignore") for line in rest)


def hanging(text: str, width: int, first: int = 0) -> list[str]:
    """Lines of a text of which those after the first stand further in."""
    lines = wrap(text, max(width - first - INDENT, 1)) or [""]
    return [" " * first + lines[0], *(" " * (first + INDENT) + line for line in lines[1:])]


def padded(row: Iterable[str], widths_: Iterable[int]) -> str:
    """Cells side by side, each in its width."""
    return "".join(cell + " " * (width - columns_of(cell)) for cell, width in zip(row, widths_, strict=True)).rstrip()


def below(row: Sequence[str], headings: Sequence[str], width: int) -> str:
    """A row as its first cell, and the others below it with their headings."""
    named = (f"{heading}: {cell}" for heading, cell in zip(headings[1:], row[1:], strict=True) if cell)
    lines = [*hanging(row[0], width), *(line for text in named for line in hanging(text, width, first=2 * INDENT))]
    return "\n".join(lines)


def as_grid(headings: Iterable[str], lines: Iterable[Iterable[Any]], **how: Collection[int]) -> Grid:
    """A table of any values, each as its text."""
    return Grid(tuple(headings), [tuple(str(cell) for cell in line) for line in lines], **how)


def _lines(text: str, width: int) -> list[str]:
    return [line for part in text.split("\n") for line in (wrap(part, max(width, 1)) or [""])]


def _longest_line(text: str) -> int:
    return max(columns_of(line) for line in text.split("\n"))


def _longest_word(text: str) -> int:
    return max((columns_of(piece.rstrip()) for piece in _pieces(text)), default=0)


__all__ = ["GAP", "INDENT", "Facts", "Grid", "as_grid", "below", "hanging", "padded", "widths", "wrap"]
