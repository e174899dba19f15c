"""Which of the first rows names the columns, and which rows around it are neither names nor data."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tunebook.data.names import TEXT, known, plain

Row = Sequence[str]

_LOOK = 10  # so many rows may hold the heading
_FEW = 6  # fewer rows below it say nothing of a column
_LIST = re.compile(r"""\[\s*(["'].*["']\s*)?\]""", re.DOTALL)  # of words, as JSON and pandas write it
_MOMENT = re.compile(r"\d{1,4}[-/.年]\d{1,2}([-/.月]\d{1,4}日?)?([T ,]+\d{1,2}:\d{2}.*)?")


@dataclass(frozen=True)
class Heading:
    """What the first rows of a table are.

    Attributes:
        place: number (from 0) of the row with the names; None where there is none.
        cells: the names, as written.
        body: number of the first row of data.
        titles: rows above the names, or beside them in a heading of several rows.
        notes: rows between the names and the data, which describe the columns.
    """

    place: int | None = None
    cells: tuple[str, ...] = ()
    body: int = 0
    titles: tuple[int, ...] = ()
    notes: tuple[int, ...] = ()

    @property
    def asides(self) -> dict[str, tuple[int, ...]]:
        """Reason, as the ledger calls it -> rows."""
        found = {"title": self.titles, "description": self.notes}
        return {reason: places for reason, places in found.items() if places}


@dataclass(frozen=True)
class _Column:
    """What the cells of a column are like: `number` (dates too), `text`, `class` (few values that recur) or `other`."""

    values: tuple[str, ...]
    kind: str
    seen: frozenset[str]


def find_heading(rows: Sequence[Row], given: bool | None = None, named: str | None = None) -> Heading:
    """The heading among the first rows of a table (about 200 of them tell how the columns look).

    The first row that names the columns is taken; above it may stand rows with fewer cells, a title, or any rows where
    two known names follow. A heading may go on in a second row, and rows that describe the columns may follow.

    Args:
        given: whether the first row is the heading, where the user said so.
        named: the name of a column, where it is known; a first row that has it is a heading.
    """
    if given is not None or not rows:
        return Heading(0, tuple(rows[0]), 1) if given and rows else Heading()
    place = _first_heading(rows)
    if place is None and named in rows[0]:
        place = 0
    if place is None:
        return Heading()
    start, cells = place, list(rows[place])
    while (more := _goes_on(cells, rows[place + 1 :])) is not None:
        place, cells = place + 1, more
    body = place + 1 + _described(rows[place + 1 :])
    names = start if body > place + 1 and _is_import_row(rows[body - 1]) else place
    above = [*range(names), *(range(names + 1, place + 1) if names < place else ())]
    return Heading(
        names, tuple(rows[names] if names < place else cells), body, tuple(above), tuple(range(place + 1, body))
    )


def _first_heading(rows: Sequence[Row]) -> int | None:
    usual = Counter(_filled(row) for row in rows[: 5 * _LOOK]).most_common(1)[0][0]
    titles = True
    for place, row in enumerate(rows[:_LOOK]):
        below = rows[place + 1 :]
        if titles and _filled(row) * 2 > usual and is_header(row, below):
            return place
        if not titles and _fitting(row, _columns(row, below)) >= 2 and not any(map(is_number, row)):
            return place
        titles = titles and usual > 1 and _filled(row) * 2 <= usual
    return 0 if len(rows[0]) == len(rows[-1]) and is_header(rows[0], rows[1:]) else None


def _filled(row: Row) -> int:
    return sum(1 for cell in row if cell)


def is_header(cells: Row, below: Sequence[Row]) -> bool:
    """Whether a row names the columns of the rows below it.

    It does when it holds two names that columns usually have, or one and no number. It does not when a cell is empty,
    a number, or comes again further down its column. Otherwise it does when a cell that is no list stands above lists
    of words alone, or when there are several columns, all named differently, and no cell is like the texts below it.
    """
    filled = [cell for cell in cells if cell]
    columns = _columns(cells, below)
    names = _fitting(cells, columns)
    if names >= 2:
        return True
    if not filled or len(set(filled)) < len(filled) or any(map(is_number, filled)):
        return False
    if names or any(map(_above_lists, cells, columns)):
        return True
    blank = [place for place, cell in enumerate(cells) if not cell]
    unnamed = blank == [0] and len(set(columns[0].values)) == len(columns[0].values)  # row names of R, pandas' index
    if len(filled) < 2 or not below or (blank and not unnamed):
        return False
    if any(cell in column.seen for cell, column in zip(cells, columns, strict=True)):
        return False
    if any(column.kind == "number" and _worded(cell) for cell, column in zip(cells, columns, strict=True)):
        return True
    return not any(_like_texts(cell, column) for cell, column in zip(cells, columns, strict=True))


def _columns(cells: Row, below: Sequence[Row]) -> list[_Column]:
    """The columns under a row; rows that repeat it, as in joined files, are left out."""
    same = [row for row in below if len(row) == len(cells) and tuple(row) != tuple(cells)]
    return [_column([row[place] for row in same if row[place]]) for place in range(len(cells))]


def _column(values: list[str]) -> _Column:
    seen = frozenset(values)
    if len(values) < _FEW:
        return _Column(tuple(values), "other", seen)
    if sum(1 for value in values if is_number(value) or _MOMENT.fullmatch(value)) >= 0.9 * len(values):
        return _Column(tuple(values), "number", seen)
    if len(seen) * 3 <= len(values):
        return _Column(tuple(values), "class", seen)
    lengths = sorted(map(len, values))
    return _Column(tuple(values), "text" if lengths[len(lengths) // 2] >= 12 else "other", seen)


def _fitting(cells: Row, columns: Sequence[_Column]) -> int:
    """Number of different names that columns usually have and that fit what is below: no class that comes again, and
    no word for a text over a column of classes."""
    pairs = zip(cells, columns, strict=True)
    return len(
        {
            plain(cell)
            for cell, column in pairs
            if known(cell) and cell not in column.seen and not (column.kind == "class" and plain(cell) in TEXT)
        }
    )


def _above_lists(cell: str, column: _Column) -> bool:
    lists = len(column.values) > 1 and all(map(_LIST.fullmatch, column.values))
    return lists and bool(cell) and not _LIST.fullmatch(cell)


def _worded(cell: str) -> bool:
    return sum(map(str.isalpha, cell)) >= 2 and cell.lower() not in ("nan", "null", "none", "na", "n/a", "unknown")


def _like_texts(cell: str, column: _Column) -> bool:
    """Whether a cell reads like the texts of its column: about as long, of words that they use too."""
    if column.kind != "text":
        return False
    middle = sorted(map(len, column.values))[len(column.values) // 2]
    asks = sum(value.endswith(("?", "？")) for value in column.values) * 5 < len(column.values)
    if len(cell) * 2 < middle or (asks and cell.endswith(("?", "？", ":", "："))):
        return False
    pieces = _pieces(cell)
    used = {piece for value in column.values for piece in _pieces(value)}
    return len(pieces) >= 3 and sum(piece in used for piece in pieces) * 2 >= len(pieces)


def _pieces(text: str) -> list[str]:
    """Words; pairs of characters where none are divided."""
    words = re.findall(r"\w+", text.lower())
    return words if len(words) > 1 else [text[place : place + 2] for place in range(len(text) - 1)]


def _goes_on(cells: list[str], rest: Sequence[Row]) -> list[str] | None:
    """The names, where the heading goes on in the next row: under cells that span several columns (which leave gaps),
    or in levels of which the last has the names."""
    if len(rest) < 2 or len(rest[0]) != len(cells) or any(map(is_number, rest[0])):
        return None
    columns = _columns(rest[0], rest[1:])
    above, names = _fitting(cells, _columns(cells, rest[1:])), _fitting(rest[0], columns)
    gaps = any(not cell for cell in cells) or any(not cell for cell in rest[0])
    if names < (1 if gaps else 2) or (not gaps and names <= above) or any(map(_like_texts, rest[0], columns)):
        return None
    if not all(under or over for over, under in zip(cells, rest[0], strict=True)):
        return None
    return [under or over for over, under in zip(cells, rest[0], strict=True)]


def _described(rest: Sequence[Row]) -> int:
    """Rows right below the names that describe the columns: Qualtrics' questions and import ids, or words where all
    other rows have a number or one of a few short classes."""
    for count in (1, 2):
        if len(rest) > count and _is_import_row(rest[count - 1]):
            return count
    if len(rest) < 2 or not all(rest[0]):
        return 0
    pairs = list(zip(rest[0], _columns(rest[0], rest[1:]), strict=True))
    if any(_like_texts(cell, column) for cell, column in pairs):
        return 0
    terse = any(c.kind == "text" and len(cell) * 2 < min(map(len, c.values)) for cell, c in pairs)
    told = [_unlike(cell, column, terse) for cell, column in pairs if column.kind in ("number", "class")]
    return int(bool(told) and all(told))


def _is_import_row(row: Row) -> bool:
    return bool(row) and all(re.fullmatch(r'\{"ImportId":.*\}', cell) for cell in row)


def _unlike(cell: str, column: _Column, terse: bool) -> bool:
    """Whether a cell is not of its column: words where numbers stand; no class, and longer than any, of several words
    where each is one, or beside a text that is shorter than any (`terse`), such as the name of a type."""
    if column.kind == "number":
        return _worded(cell) and not is_number(cell)
    odd = re.compile(r"[\s,;:(]")
    phrase = odd.search(cell) and not any(map(odd.search, column.seen)) and len(cell) > 1.3 * max(map(len, column.seen))
    return cell not in column.seen and (terse or bool(phrase))


def is_number(cell: str) -> bool:
    """Whether a cell is a number as a heading never is."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def column_names(first: Sequence[object] | None, width: int) -> list[str]:
    """Names of the columns: the heading's, made different where they repeat; c1, c2, ... where there is none."""
    names: list[str] = []
    taken: set[str] = set()
    times: Counter[str] = Counter()
    for number in range(width):
        given = "" if first is None or number >= len(first) or first[number] is None else str(first[number]).strip()
        base = name = given or f"c{number + 1}"
        while name in taken:
            times[base] += 1
            name = f"{base}_{times[base] + 1}"
        taken.add(name)
        names.append(name)
    return names


def repeated_names(cells: Sequence[str]) -> list[str]:
    """Names that a heading has several times."""
    return [name for name, times in Counter(cells).items() if name and times > 1]


__all__ = ["Heading", "Row", "column_names", "find_heading", "is_header", "is_number", "repeated_names"]
