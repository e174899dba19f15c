"""Rows that are read in windows: one text, or a pair, as several lines of tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.answering import Tokens
from tunebook.bundle.form import Outputs, Run
from tunebook.bundle.frames import TYPES
from tunebook.bundle.reading import Reader
from tunebook.core.encoded import Encoded
from tunebook.data.cleaning import clean_with_places, without_halves


@dataclass(frozen=True)
class Windows(Tokens):
    """A row; `ids` are those of all of its windows, one after the other.

    Attributes:
        columns: of all of these tokens, by name; first: number of the first token of each window.
        given: the text whose places answers name, as the user gave it; None where that is the clean one.
    """

    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    first: tuple[int, ...] = (0,)
    given: str | None = None

    @property
    def lines(self) -> list[slice]:
        """The tokens of each window."""
        ends = (*self.first[1:], len(self.ids))
        return [slice(start, end) for start, end in zip(self.first, ends, strict=True)]


def windows_of(
    encoded: Encoded, window: str, texts: Sequence[str], pairs: Sequence[str] | None, how: Mapping[str, Any]
) -> list[Windows]:
    """The rows of encoded texts.

    Args:
        window: the column that says which window a token is in.
    """
    unknown, found = how.get("unknown"), []
    for row in range(len(encoded)):
        own = slice(int(encoded.offsets[row]), int(encoded.offsets[row + 1]))
        columns = {name: values[own] for name, values in encoded.flat.items()}
        ids = columns["input_ids"].astype(np.int64)
        first = np.flatnonzero(np.diff(columns[window], prepend=-1) != 0)
        found.append(
            Windows(
                texts[row],
                None if pairs is None else pairs[row],
                ids,
                types=columns[TYPES].astype(np.int64) if TYPES in columns else None,
                unknown=0 if unknown is None else int((ids == unknown).sum()),
                columns=columns,
                first=tuple(first.tolist()),
            )
        )
    return found


def run_lines(rows: Sequence[Tokens], reader: Reader, run: Run) -> list[list[Outputs]]:
    """What the model gives of each line of each row, of tokens without those of the padding."""
    lines, types = [], []
    for row in rows:
        assert isinstance(row, Windows)
        lines += [row.ids[line] for line in row.lines]
        types += [row.types[line] for line in row.lines] if row.types is not None else []
    made = run(reader.padded(lines, types or None))
    each = iter(made[place, : len(line)] if made.ndim == 3 else made[place] for place, line in enumerate(lines))
    return [[next(each) for _ in row.lines] for row in rows if isinstance(row, Windows)]


def given_as(rows: Sequence[Windows], texts: Sequence[str]) -> list[Tokens]:
    """The same rows, whose answers name places of these texts."""
    return [replace(row, given=without_halves(text)) for row, text in zip(rows, texts, strict=True)]


class GivenPlaces:
    """Where a part of a clean text, of a pair its second one, lies in the one that was given, and what it says there.

    Args:
        rules: of cleaning.
    """

    def __init__(self, rules: Sequence[str], rows: Sequence[Tokens]) -> None:
        self.rules, self.rows = rules, rows
        self.known: dict[int, Any] = {}

    def __call__(self, row: int, start: int, end: int) -> tuple[int, int, str]:
        own = self.rows[row]
        given = own.given if isinstance(own, Windows) else None
        if given is None:
            return start, end, (own.text if own.pair is None else own.pair)[start:end]
        if row not in self.known:
            self.known[row] = clean_with_places(given, self.rules)[1]
        first, last = self.known[row].given(start, end)
        return first, last, given[first:last]


__all__ = ["GivenPlaces", "Windows", "given_as", "run_lines", "windows_of"]
