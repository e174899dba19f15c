"""What a rollout has seen so far: the rows of the request log since it began, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.requests.log import RequestLog
from tunebook.requests.record import PLACES
from tunebook.rollout.state import State

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Rows:
    """One of each text that either run has answered, in the order of their arrival; all of shape (n,).

    Attributes:
        request: number of its request, from 0; number: of the text in it.
        names: ids of the requests, shape (requests,).
        at: seconds since 1970. stage: from 1. unit: number of what was drawn.
        new: answered by the candidate, heard or in shadow.
        failed: the answer is an error of ours. seconds: what the user waited for; work: what the model took of that.
        label: the answer in short, as text.
    """

    request: Ints
    number: Ints
    names: NDArray[Any]
    at: Floats
    stage: Ints
    unit: Ints
    new: Bools
    failed: Bools
    seconds: Floats
    work: Floats
    label: NDArray[Any]

    def __len__(self) -> int:
        return len(self.at)


def rows_of(log: RequestLog, state: State, now: float) -> Rows:
    """The rows of a rollout that is on, up to now; what neither of its two runs has answered is left out."""
    table = log.answered(since=state.begun, until=now, columns=[*_FIGURES, *_WORDS])
    column = {name: table[name].to_numpy() for name in _FIGURES}
    version, role = table["version"], table["role"]
    new = _is(version, str(state.candidate)) & ~_is(role, "champion")
    old = _is(version, str(state.live)) & _is(role, "champion")
    stage = column["stage"].astype(np.int64)
    kept = (new | old) & (stage >= 1) & (stage <= len(state.rules.stages))
    request, names = _coded(table["request"], kept)
    unit, _ = _coded(table["unit"], kept)
    seconds = column["seconds"].astype(np.float64)
    return Rows(
        request=request,
        number=column["number"].astype(np.int64)[kept],
        names=names,
        at=column["at"].astype(np.float64)[kept],
        stage=stage[kept],
        unit=unit,
        new=new[kept],
        failed=column["status"][kept] >= 500,
        seconds=seconds[kept],
        work=np.maximum(seconds - column["waited"], 0)[kept],
        label=np.asarray(table["label"].to_pylist(), dtype=object)[kept],
    )


def _is(column: pa.ChunkedArray, value: str) -> Bools:
    import pyarrow.compute as pc

    found: Bools = pc.equal(column, value).to_numpy().astype(bool)
    return found


def _coded(column: pa.ChunkedArray, kept: Bools) -> tuple[Ints, NDArray[Any]]:
    """A number for each text of a column, and the texts in the order of their numbers."""
    coded = column.combine_chunks().dictionary_encode()
    return np.asarray(coded.indices)[kept].astype(np.int64), np.asarray(coded.dictionary.to_pylist(), dtype=object)


def told(log: RequestLog, rows: Rows, name: str, since: float, until: float) -> tuple[NDArray[Any], Floats]:
    """What came back of each text under a name, None where nothing did, and when (NaN).

    Of a text that both runs have answered, both rows get it.
    """
    found = log.feedback(name, since, until)
    places = {name: number for number, name in enumerate(rows.names.tolist())}
    keys = dict(zip((rows.request * PLACES + rows.number).tolist(), range(len(rows)), strict=True))
    values: dict[int, tuple[Any, float]] = {}
    for request, number, at, value in zip(*(found[part].to_pylist() for part in _TOLD), strict=True):
        key = places.get(request, -1) * PLACES + number
        if request in places and 0 <= number < PLACES and key in keys:  # else it would be that of another text
            values[key] = (value, at)
    gave = [values.get(key, (None, np.nan)) for key in (rows.request * PLACES + rows.number).tolist()]
    said = np.empty(len(rows), dtype=object)
    said[:] = [value for value, _ in gave]
    return said, np.array([at for _, at in gave], dtype=np.float64)


_FIGURES = ("number", "at", "stage", "status", "seconds", "waited")
_WORDS = ("request", "unit", "version", "role", "label")
_TOLD = ("request", "number", "at", "value")

__all__ = ["Rows", "rows_of", "told"]
