"""CSV as Weka saves it: cells in single quotes, backslashes before quotes, ? for what is missing."""

from __future__ import annotations

from typing import ClassVar

from tunebook.data.columns import to_table
from tunebook.data.exports import Export, Format
from tunebook.data.formats.arff import cells_of, labelled_export, rows_of
from tunebook.data.look import Look
from tunebook.data.roles import find_roles

_FEW = 3


class WekaCsv(Format):
    """A table with single quotes."""

    title: ClassVar[str] = "Weka CSV"

    def fits(self, look: Look) -> bool:
        """Cells open and close with single quotes, and some hold quotes behind a backslash."""
        lines = look.lines
        if look.suffix not in (".csv", ".txt", "") or len(lines) < _FEW or '"' in look.head or "\\'" not in look.head:
            return False
        width = len(lines[0].split(","))
        cut = [cells_of(line) for line in lines[1:]]
        quoted = sum("'" in line for line in lines[1:])
        return width > 1 and 2 * quoted > len(cut) and all(cells is not None and len(cells) == width for cells in cut)

    def read(self, look: Look) -> Export:
        """The table."""
        lines = look.text.split("\n")
        names = [name.strip().strip("'") for name in lines[0].split(",")]
        rows, faults = rows_of(lines[1:], names, 2)
        if not look.labelled:
            return labelled_export(rows, None, {}, faults)
        label = find_roles(to_table(row for _, row in rows), look.options, file=look.path.name).label
        return labelled_export(rows, label, {"label": str(label)}, faults)


__all__ = ["WekaCsv"]
