"""Rows as the watch sees them, a column a figure: from the book, from a file or from the request log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.files import part_of
from tunebook.requests.sketch import WIDTH, vectors

if TYPE_CHECKING:
    import pyarrow as pa

Array = NDArray[Any]
COLUMNS = (
    "request", "number", "at", "role", "error", "characters", "tokens", "unknown", "cut", "language", "label", "score",
    "sketch", "text", "seconds",
)  # fmt: skip
LABELLED = ("request", "number", "role", "error", "label", "score")
_NUMBERS = ("at", "characters", "tokens", "unknown", "cut", "score", "seconds")
_TEXTS = ("ids", "language", "label", "truth", "texts")


@dataclass(frozen=True)
class Watched:
    """N rows, column by column. What is not known of any row is NaN, or empty where it is a text.

    Attributes:
        at: seconds since 1970.
        characters, tokens: of each text; unknown: share of the tokens that cannot be read; cut: 1 for a lost end.
        language: as `data` tells it.
        label, score: the answer in short and its score; truth: the true one, where it is known.
        vectors: of what was said, shape (N, D); NaN rows where nothing is known of it.
        seconds: from question to answer.
        ids: of rows of the book their ids, of requests `REQUEST:NUMBER`.
        texts: where they are kept.
    """

    at: Array
    characters: Array
    tokens: Array
    unknown: Array
    cut: Array
    language: Array
    label: Array
    score: Array
    truth: Array
    vectors: Array
    seconds: Array
    ids: Array
    texts: Array

    def __len__(self) -> int:
        return len(self.at)

    def take(self, places: Array | slice) -> Watched:
        """Some of the rows, in the order of their places (or of a mask)."""
        return Watched(**{item.name: getattr(self, item.name)[places] for item in fields(self)})

    @property
    def right(self) -> Array:
        """1 where the answer is the true one, 0 where it is not, NaN where either is not known; shape (N,)."""
        known = (self.label != "") & (self.truth != "")
        return np.where(known, (self.label == self.truth).astype(np.float64), np.nan)

    def once(self) -> Watched:
        """Each text once, the first time that it comes: a book holds none twice either."""
        if not len(self):
            return self
        known = ~np.isnan(self.vectors[:, 0])
        same = [
            (self.vectors[place].tobytes(), self.characters[place]) if known[place] else place
            for place in range(len(self))
        ]
        return self.take(np.array(sorted({key: place for place, key in reversed(list(enumerate(same)))}.values())))

    def save(self, path: Path) -> None:
        """Write all columns into one .npz file, without the texts."""
        columns = {item.name: getattr(self, item.name) for item in fields(self)}
        columns |= {name: np.array(columns[name].tolist(), dtype=np.str_) for name in _TEXTS}
        columns["texts"] = np.full(len(self), "", dtype=np.str_)
        columns["vectors"] = self.vectors.astype(np.float16)
        with part_of(path) as part, part.open("wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **columns)

    @classmethod
    def load(cls, path: Path) -> Watched:
        """Read what `save` wrote. Raises what numpy does of a damaged file."""
        with np.load(path) as stored:
            columns = {item.name: stored[item.name] for item in fields(cls)}
        columns |= {name: columns[name].astype(np.dtypes.StringDType()) for name in _TEXTS}
        columns["vectors"] = columns["vectors"].astype(np.float32)
        return cls(**columns)


def watched(count: int, **given: Any) -> Watched:
    """Rows of which only these columns are known."""
    none: dict[str, Any] = {item.name: np.full(count, np.nan) for item in fields(Watched)}
    none |= {name: np.full(count, "", dtype=np.dtypes.StringDType()) for name in _TEXTS}
    none["vectors"] = np.full((count, 1), np.nan, dtype=np.float32)
    for name, values in given.items():
        kind: Any = np.dtypes.StringDType() if name in _TEXTS else np.float32 if name == "vectors" else np.float64
        none[name] = np.asarray(values, dtype=kind)
    return Watched(**none)


def joined(parts: Sequence[Watched]) -> Watched:
    """Rows of several parts, one after the other; vectors of another width than the first's are not known."""
    if len(parts) == 1:
        return parts[0]
    width = max(part.vectors.shape[1] for part in parts)
    alike = [
        part.vectors if part.vectors.shape[1] == width else np.full((len(part), width), np.nan, np.float32)
        for part in parts
    ]
    columns = {
        item.name: np.concatenate([getattr(part, item.name) for part in parts])
        for item in fields(Watched)
        if item.name != "vectors"
    }
    return Watched(vectors=np.concatenate(alike), **columns)


def of_log(table: pa.Table, more: Mapping[str, Any] | None = None) -> Watched:
    """Rows of the request log that were answered, in the order of their time.

    Args:
        table: as `RequestLog.answered` gives it, of these or fewer columns.
        more: columns of what the log does not know, in the order of the table.
    """
    import pyarrow.compute as pc

    if "error" in table.column_names:
        table = table.filter(pc.and_(pc.equal(table["error"], ""), pc.not_equal(table["role"], "shadow")))
        table = table.sort_by([("at", "ascending"), ("request", "ascending"), ("number", "ascending")])
    known: dict[str, Any] = {name: _column(table, name) for name in _NUMBERS if name in table.column_names}
    if "tokens" in known:
        tokens = known["tokens"] = np.where(known["tokens"] > 0, known["tokens"], np.nan)
        known["unknown"] = known["unknown"] / tokens
        known["cut"] = np.where(np.isnan(tokens), np.nan, known["cut"])
    known |= {name: table[name].to_pylist() for name in ("language", "label") if name in table.column_names}
    if "sketch" in table.column_names:
        known["vectors"] = vectors_of(table["sketch"].to_pylist())
    if "text" in table.column_names:
        known["texts"] = table["text"].to_pylist()
    names = zip(table["request"].to_pylist(), table["number"].to_pylist(), strict=True)
    known["ids"] = [f"{request}:{number}" for request, number in names]
    return watched(table.num_rows, **known, **(more or {}))


def vectors_of(sketches: Sequence[bytes | None]) -> Array:
    """Sketches as vectors, shape (N, WIDTH); NaN where there is none, it is of an empty text, or of another width."""
    whole = [item if item is not None and len(item) == 2 * WIDTH else None for item in sketches]
    found = vectors(whole) if whole else np.zeros((0, WIDTH), np.float32)
    return np.where((np.abs(found).sum(1) > 0)[:, None], found, np.float32(np.nan))


def _column(table: pa.Table, name: str) -> Array:
    return np.asarray(table[name].to_numpy(), dtype=np.float64)


def of_feedback(rows: pa.Table | None, told: pa.Table) -> Watched:
    """Rows whose true labels were told, in the order and with the times of that.

    Args:
        rows: of the request log, `LABELLED` columns; None where nothing was told. told: as `RequestLog.feedback` gives
            it.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if rows is None:
        return watched(0)
    pairs = zip(told["request"].to_pylist(), told["number"].to_pylist(), strict=True)
    label = {pair: place for place, pair in enumerate(pairs)}
    rows = rows.filter(pc.is_in(rows["request"], pa.array(told["request"].to_pylist(), rows["request"].type)))
    rows = rows.filter(pc.and_(pc.equal(rows["error"], ""), pc.not_equal(rows["role"], "shadow")))
    places = [label.get(name, -1) for name in zip(rows["request"].to_pylist(), rows["number"].to_pylist(), strict=True)]
    known = np.flatnonzero(np.array(places, dtype=np.int64) >= 0)
    came, values = told["at"].to_pylist(), told["value"].to_pylist()
    known = np.array(sorted(known, key=lambda place: came[places[place]]), dtype=np.int64)
    found = of_log(rows.drop_columns(["error"]).take(known))
    truth = [str(values[places[place]]) for place in known]
    return replace(
        found,
        at=np.array([came[places[place]] for place in known], dtype=np.float64),
        truth=np.array(truth, dtype=np.dtypes.StringDType()),
    )


__all__ = ["COLUMNS", "LABELLED", "Watched", "joined", "of_feedback", "of_log", "vectors_of", "watched"]
