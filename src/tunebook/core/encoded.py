"""Tokenised rows, held as flat arrays: a million rows of lists would cost gigabytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.files import part_of

_FIXED = "fixed:"  # before the names of such columns in a file


@dataclass(frozen=True)
class Encoded:
    """Columns of tokenised rows.

    Attributes:
        flat: name -> values of all rows one after the other, for columns of differing length (`input_ids` ...).
        offsets: array of shape (N + 1,); row i is flat[name][offsets[i] : offsets[i + 1]].
        fixed: name -> array of shape (N, ...), one entry a row (`labels`, `sample_weight`).
    """

    flat: Mapping[str, NDArray[Any]]
    offsets: NDArray[np.int64]
    fixed: Mapping[str, NDArray[Any]]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each row, shape (N,)."""
        return np.diff(self.offsets)

    @property
    def targets(self) -> NDArray[Any]:
        """`labels` of the rows or of their tokens; empty where they have none."""
        none = np.zeros(0, dtype=np.int64)
        return self.fixed.get("labels", self.flat.get("labels", none))

    def padded(self, name: str, rows: Sequence[int], fill: int) -> NDArray[Any]:
        """One column of some rows as a matrix (rows, longest), filled up on the right."""
        flat = self.flat[name]
        starts, ends = self.offsets[list(rows)], self.offsets[[row + 1 for row in rows]]
        out = np.full((len(rows), int((ends - starts).max())), fill, dtype=np.int64)
        for line, (start, end) in enumerate(zip(starts, ends, strict=True)):
            out[line, : end - start] = flat[start:end]
        return out

    def with_fixed(self, **columns: NDArray[Any] | None) -> Encoded:
        """The same rows with further columns of one entry a row; None stands for one that they have not."""
        there = {name: column for name, column in columns.items() if column is not None}
        return Encoded(self.flat, self.offsets, {**self.fixed, **there})

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> Encoded:
        """Some of the rows, in the order of these numbers; a row may come twice."""
        numbers = np.asarray(rows, dtype=np.int64)
        sizes = self.lengths[numbers]
        offsets = np.zeros(len(numbers) + 1, dtype=np.int64)
        np.cumsum(sizes, out=offsets[1:])
        places = np.repeat(self.offsets[numbers] - offsets[:-1], sizes) + np.arange(offsets[-1])
        flat = {name: values[places] for name, values in self.flat.items()}
        return Encoded(flat, offsets, {name: values[numbers] for name, values in self.fixed.items()})

    def once(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Numbers of the rows that are the first with their tokens, and of each row the place of its like in these."""
        known: dict[tuple[bytes, ...], int] = {}
        first, places = list[int](), np.zeros(len(self), dtype=np.int64)
        for row, (start, end) in enumerate(zip(self.offsets[:-1], self.offsets[1:], strict=True)):
            place = known.setdefault(tuple(values[start:end].tobytes() for values in self.flat.values()), len(first))
            if place == len(first):
                first.append(row)
            places[row] = place
        return np.array(first, dtype=np.int64), places

    def save(self, path: Path, fixed: Sequence[str] = ()) -> None:
        """Write the tokens and these of the columns of one entry a row (not the labels) into one .npz file."""
        beside: dict[str, Any] = {f"{_FIXED}{name}": self.fixed[name] for name in fixed}
        with part_of(path) as part, part.open("wb") as stream:
            np.savez(stream, allow_pickle=False, offsets=self.offsets, **self.flat, **beside)


def pack(columns: Mapping[str, Sequence[Sequence[int]]]) -> Encoded:
    """Rows of lists as flat arrays; all columns of a row have the same length."""
    first = next(iter(columns.values()))
    offsets = np.zeros(len(first) + 1, dtype=np.int64)
    np.cumsum([len(row) for row in first], out=offsets[1:])
    flat = {
        name: np.fromiter((item for row in rows for item in row), dtype=np.int32, count=int(offsets[-1]))
        for name, rows in columns.items()
    }
    return Encoded(flat, offsets, {})


def join(parts: Sequence[Encoded]) -> Encoded:
    """Several packs of rows as one, in order."""
    offsets = [np.zeros(1, dtype=np.int64)]
    for part in parts:
        offsets.append(part.offsets[1:] + offsets[-1][-1])
    flat = {name: np.concatenate([part.flat[name] for part in parts]) for name in parts[0].flat}
    return Encoded(flat, np.concatenate(offsets), {})


def one_column(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """A column of several packs of rows, one after the other; narrower matrices have zeros at their right end."""
    width = max((part.shape[1] for part in parts if part.ndim == 2), default=0)
    return np.concatenate([np.pad(part, ((0, 0), (0, width - part.shape[1]))) if width else part for part in parts])


def load_encoded(path: Path) -> Encoded:
    """Tokens from a file that `save` wrote."""
    with path.open("rb") as stream, np.load(stream) as stored:
        names = [name for name in stored.files if name != "offsets"]
        flat = {name: stored[name] for name in names if not name.startswith(_FIXED)}
        fixed = {name.removeprefix(_FIXED): stored[name] for name in names if name.startswith(_FIXED)}
        return Encoded(flat, stored["offsets"], fixed)


__all__ = ["Encoded", "join", "load_encoded", "one_column", "pack"]
