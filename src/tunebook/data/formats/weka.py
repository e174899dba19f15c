"""CSV as Weka saves it: cells in single quotes, backslashes before quotes, ? for what is missing."""

from __future__ import annotations

from typing import ClassVar

from tunebook.data.columns import to_table
from tunebook.data.exports import Export, Format
from tunebook.data.formats.arff import arff_rows, cells_of, labelled_export
from tunebook.data.preview import Preview
from tunebook.data.roles import find_roles

_FEW = 3


class WekaCsv(Format):
    """A table with single quotes."""

    title: ClassVar[str] = "Weka CSV"

    def fits(self, preview: Preview) -> bool:
        """Cells open and close with single quotes, and some hold quotes behind a backslash."""
        lines = preview.lines
        if (
            preview.suffix not in (".csv", ".txt", "")
            or len(lines) < _FEW
            or '"' in preview.head
            or "\\'" not in preview.head
        ):
            return False
        width = len(lines[0].split(","))
        cut = [cells_of(line) for line in lines[1:]]
        quoted = sum("'" in line for line in lines[1:])
        return width > 1 and 2 * quoted > len(cut) and all(cells is not None and len(cells) == width for cells in cut)

    def read(self, preview: Preview) -> Export:
        """The table."""
        lines = preview.text.split("\n")
        names = [name.strip().strip("'") for name in lines[0].split(",")]
        rows, faults = arff_rows(lines[1:], names, 2)
        if not preview.labelled:
            return labelled_export(rows, None, {}, faults)
        label = find_roles(to_table(row for _, row in rows), preview.options, file=preview.path.name).label
        return labelled_export(rows, label, {"label": str(label)}, faults)


__all__ = ["WekaCsv"]
