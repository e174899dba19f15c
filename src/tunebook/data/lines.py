"""The lines of a text, and the cells of those without quotes: found in its bytes, so that only cells are copied."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tunebook.data.ledger import Numbers
from tunebook.data.workers import each

_BLOCK = 1 << 22  # bytes: stays in the cache, and its memory is used again for the next one
# The bytes with which a line of nothing but white space may begin.
_SPACES = np.zeros(256, dtype=bool)
_SPACES[[chr(code).encode()[0] for code in range(0x3001) if chr(code).isspace()]] = True


class Lines:
    """The lines of a text in UTF-8.

    Attributes:
        starts: place in the text of the first byte of each line, and one behind the last, whether or not a line feed
            closes it; shape (lines + 1,).
        texts: each line with the line feed that closes it.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._bytes = np.frombuffer(data or b"\n", np.uint8)
        ends = self._found(b"\n")
        self.starts = np.concatenate(([0], ends + 1, [len(data) + 1]))
        self.texts = _strings(np.minimum(self.starts, len(data)), data)

    def __len__(self) -> int:
        return len(self.starts) - 1

    def blocks(self) -> list[tuple[int, int]]:
        """First line, and one behind the last, of parts of the text of a few megabytes."""
        cuts = np.searchsorted(self.starts, np.arange(0, len(self._data), _BLOCK))
        edges = np.unique([0, *cuts.tolist(), len(self)]).tolist()
        return list(pairwise(edges))

    def filled(self) -> NDArray[np.bool_]:
        """Whether each line has more than white space."""
        first = self._bytes[np.minimum(self.starts[:-1], len(self._bytes) - 1)]
        doubtful = np.flatnonzero(_SPACES[first] | (np.diff(self.starts) == 1))
        words = pc.utf8_trim_whitespace(self.texts.take(pa.array(doubtful)))
        filled = np.ones(len(self), dtype=bool)
        filled[doubtful] = pc.not_equal(words, "").to_numpy(zero_copy_only=False)
        return filled

    def holding(self, mark: bytes) -> Numbers:
        """Numbers of the lines that hold a byte."""
        return np.unique(np.searchsorted(self.starts, self._found(mark), side="right") - 1)

    def cells(self, numbers: Numbers, delimiter: str, once: bool) -> Iterator[tuple[Numbers, list[pa.Array]]]:
        """These lines cut at each delimiter, or at their first one: by their number of cells, those lines and their
        columns."""
        mark, starts, ends = delimiter.encode(), self.starts[numbers], self.starts[numbers + 1] - 1
        places = self._places(mark, int(starts[0]), int(ends[-1]))
        first = np.searchsorted(places, starts)
        counts = np.minimum(np.searchsorted(places, ends) - first, 1 if once else len(places))
        for count in np.unique(counts).tolist():
            mine = np.flatnonzero(counts == count)
            inner = places[first[mine][:, None] + np.arange(count)]
            # Every other piece of the text is a cell; between two of them stand a delimiter or whole other lines.
            edges = np.empty((len(mine), 2 * count + 2), dtype=np.int64)
            edges[:, 0], edges[:, -1] = starts[mine], ends[mine]
            edges[:, 1:-1:2], edges[:, 2::2] = inner, inner + len(mark)
            pieces = _strings(edges.ravel(), self._data)
            cuts = [np.arange(place, edges.size, 2 * count + 2) for place in range(0, 2 * count + 2, 2)]
            yield numbers[mine], [pieces.take(pa.array(cut)) for cut in cuts]

    def _found(self, mark: bytes) -> Numbers:
        """Places of a byte in the whole text."""
        spans = [(start, min(start + _BLOCK, len(self._data))) for start in range(0, len(self._data), _BLOCK)]
        return np.concatenate([np.zeros(0, np.int64), *each(lambda span: self._places(mark, *span), spans)])

    def _places(self, mark: bytes, start: int, end: int) -> Numbers:
        """Places of a character between two places of the text."""
        if len(mark) == 1:
            return np.flatnonzero(self._bytes[start:end] == mark[0]) + start
        found = re.compile(re.escape(mark)).finditer(self._data, start, end)
        return np.array([match.start() for match in found], dtype=np.int64)


def _strings(edges: Numbers, data: bytes) -> pa.LargeStringArray:
    """The pieces of a text between these places, which share its memory."""
    return pa.LargeStringArray.from_buffers(len(edges) - 1, pa.py_buffer(edges), pa.py_buffer(data))


__all__ = ["Lines"]
