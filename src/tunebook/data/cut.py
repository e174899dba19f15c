"""What reading a file of rows and columns gives, whether it was text or a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tunebook.data.asides import set_aside, side_columns
from tunebook.data.heading import Heading, repeated_names
from tunebook.data.ledger import Numbers


@dataclass(frozen=True)
class Cells:
    """A file, cut into rows and columns.

    Attributes:
        table: the columns; all of strings where the file is text.
        rows: row number of each: the line of a text file, the row of a sheet.
        ragged: line -> cells found, of rows with the wrong number of cells; they are not in the table.
        opened: lines where a quote opens that swallowed the next line; they are not in the table.
        aside: reason -> rows, of what is neither heading nor data: titles, descriptions, totals, legends.
        notes: what was found out of the file: `header`, `header_row`, `repeated`, `beside`; `delimiter`, `quotes`,
            `uneven` of text; `twice` of JSON; `sheet`, `formulas`, `errors`, `hidden_keep`, `hidden_drop` of a sheet.
        lost: columns of formulas that were saved without their values.
    """

    table: pa.Table
    rows: Numbers
    ragged: dict[int, int] = field(default_factory=dict)
    opened: list[int] = field(default_factory=list)
    aside: dict[str, list[int]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    lost: tuple[str, ...] = ()

    @property
    def read(self) -> int:
        """Rows in the file, faulty ones and those set aside included."""
        return len(self.rows) + len(self.ragged) + len(self.opened) + sum(map(len, self.aside.values()))

    @property
    def faults(self) -> dict[str, dict[int, str]]:
        """Reason -> row number -> detail, of rows that are not in the table and are a fault."""
        ragged = {line: str(found) for line, found in self.ragged.items()}
        found = {"ragged": ragged, "open_quote": dict.fromkeys(self.opened, "")}
        return {reason: rows for reason, rows in found.items() if rows}


def settled(
    cells: Cells, heading: Heading, numbers: Sequence[int], gaps: NDArray[np.bool_], *, path: Path, labelled: bool
) -> Cells:
    """The rows below a heading without what stands beside and among them, and what is worth knowing of the heading.

    Args:
        numbers: row numbers of the rows among which the heading was found.
        gaps: whether a blank row stands before each row.
        labelled: False where each row is to be answered, so that none is set aside.

    Raises:
        DataError: `data.second_heading`.
    """
    beside = side_columns(cells.table, heading.cells)
    table, rows = cells.table.drop_columns(beside), cells.rows
    aside: dict[str, list[int]] = {}
    if labelled:
        table, rows, aside = set_aside(table, rows, heading.cells[: table.num_columns], gaps, path)
    aside |= {reason: [numbers[place] for place in places] for reason, places in heading.asides.items()}
    notes = cells.notes | _heading_notes(heading, numbers) | ({"beside": ", ".join(beside)} if beside else {})
    return replace(cells, table=table, rows=rows, aside=aside, notes=notes)


def _heading_notes(heading: Heading, numbers: Sequence[int]) -> dict[str, str]:
    if heading.place is None:
        return {"header": "no"}
    again = repeated_names(heading.cells)
    more = {"repeated": ", ".join(again[:10])} if again else {}
    return {"header": "yes", "header_row": str(numbers[heading.place]), **more}


__all__ = ["Cells", "settled"]
