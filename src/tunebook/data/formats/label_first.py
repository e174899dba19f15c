"""Lines of a label, a blank and the text, without a heading: `0 a dull film` (SST), `HUM:ind Who was it ?` (TREC)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

from tunebook.data.exports import Export, Format, to_export
from tunebook.data.preview import Preview
from tunebook.data.votes import RAGGED

_LABEL = r"-?\d{1,2}|[A-Z]{2,}:[A-Za-z]+"
_LINE = re.compile(rf"({_LABEL}) +(\S.*)")
_WORD = re.compile(r"[^\W\d_]{2}")
_LEAST = 10  # lines
_MOST = 60  # classes


class LabelFirst(Format):
    """A small number or a name with a colon, and the rest of the line as text."""

    title: ClassVar[str] = "SST / TREC"
    general: ClassVar[bool] = True

    def fits(self, preview: Preview) -> bool:
        """Every line begins so, words follow, and the labels come again and again, which numbers of lines do not."""
        if preview.parts or len(preview.lines) < _LEAST or any("\t" in line for line in preview.lines):
            return False
        found = [_LINE.fullmatch(line.strip()) for line in preview.lines]
        cells = [match.groups() for match in found if match]
        counts = Counter(label for label, _ in cells)
        often = 1 < len(counts) <= min(_MOST, len(cells) // 2) and max(counts.values()) > 2
        wordy = sum(_WORD.search(text) is not None and ":" not in text.split()[0] for _, text in cells)
        return len(cells) == len(found) and often and 2 * wordy > len(cells)

    def read(self, preview: Preview) -> Export:
        """A row a line; lines that begin otherwise are faulty."""
        faults: dict[int, str] = {}
        rows = list(_rows(preview, faults))
        roles = {"text": "text", "label": "label"} if preview.labelled else {"text": "text"}
        return to_export(rows, roles, faults={RAGGED: faults} if faults else {})


def _rows(preview: Preview, faults: dict[int, str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(preview.text.split("\n"), start=1):
        match = _LINE.fullmatch(line.strip())
        if match:
            yield number, {"label": match[1], "text": match[2]}
        elif line.strip():
            faults[number] = "1"


__all__ = ["LabelFirst"]
