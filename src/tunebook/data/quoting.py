"""How a delimited file protects quotes and delimiters inside its cells: doubled, or by a backslash."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

_DOUBLED = re.compile(r'"(?:[^"]|"")*"')
_BACKSLASHED = re.compile(r'"(?:[^"\\]|\\.)*"')
# Stand for a protected character until the cells are cut: private characters that no text holds.
_MARKS = "\ue101\ue102\ue103"


def badly_wrapped(text: str, delimiter: str, backslash: bool) -> tuple[int, int]:
    """Cells that open with a quote: how many end as they should, and how many go on after their closing quote."""
    wrapped = _BACKSLASHED if backslash else _DOUBLED
    good = bad = 0
    for line in text.split("\n"):
        place = 0
        while place < len(line):
            if line[place] == '"' and (found := wrapped.match(line, place)):
                place = found.end()
                if place < len(line) and line[place] != delimiter:
                    bad += 1
                    break
                good += 1
            elif line[place] == '"' and backslash and '"' in line[place + 1 :]:
                bad += 1  # read so, it never closes, though there is a quote
                break
            place = line.find(delimiter, place)
            if place < 0:
                break
            place += 1
    return good, bad


def protected(text: str, delimiter: str) -> str:
    """The characters that a backslash protects in a file: the quote, the delimiter, both or none."""
    found = ""
    if '\\"' in text and badly_wrapped(text, delimiter, True)[1] < badly_wrapped(text, delimiter, False)[1]:
        found += '"'
    if f"\\{delimiter}" in text and delimiter != " ":
        lines = [line for line in text.split("\n") if line]
        rest = [line.replace(f"\\{delimiter}", "") for line in lines]
        if len({line.count(delimiter) for line in rest}) == 1 < len({line.count(delimiter) for line in lines}):
            found += delimiter
    return found


def hide(data: bytes, characters: str) -> bytes:
    """The text with each protected character as one that has no meaning to a reader.

    A backslash before a backslash protects it where the whole file does so; else it is two characters.
    """
    marks = {char.encode(): mark.encode() for char, mark in zip(characters, _MARKS, strict=False)}
    inside = re.escape(characters).encode()
    if not re.search(rb"(?<!\\)(?:\\\\)*\\[^\\" + inside + rb"]", data):
        marks[b"\\"] = _MARKS[2].encode()
        inside += rb"\\"
    return re.sub(rb"\\([" + inside + rb"])", lambda found: marks[found.group(1)], data)


def show(table: pa.Table, characters: str) -> pa.Table:
    """The cells with the characters that `hide` took away, without their backslash."""
    marks = [*zip(characters, _MARKS, strict=False), ("\\", _MARKS[2])]
    columns = []
    for column in table.columns:
        for char, mark in marks:
            column = pc.replace_substring(column, mark, char)
        columns.append(column)
    return pa.Table.from_arrays(columns, names=table.column_names)


__all__ = ["badly_wrapped", "hide", "protected", "show"]
