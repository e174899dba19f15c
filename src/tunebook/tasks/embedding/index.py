"""Indexes of vectors: exact with numpy or faiss, approximate with hnswlib."""

from __future__ import annotations

from abc import ABC, abstractmethod
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from tunebook.core.errors import DataError, MachineError
from tunebook.core.judged import Judged
from tunebook.tasks.embedding.search import unit
from tunebook.tasks.ranking.dense import listed

Array = NDArray[Any]
Vectors = NDArray[np.float32]

AUTO, NUMPY = "auto", "numpy"
LARGE = 200_000  # vectors from which an index is quicker by more than it takes to find it
_NEAR = 1e-5  # scores of two libraries that may be those of equal vectors
_LINKS, _CARE, _WIDTH = 32, 200, 128  # of the graph: links of a vector, candidates while it is built and searched
_SAMPLE, _MOST = 200, 10  # vectors whose nearest others are looked for in both ways
_BLOCK = 1 << 16  # rows


class Index(ABC):
    """Vectors of length 1 in which those with the highest cosines are found."""

    kind: ClassVar[str]

    @abstractmethod
    def __len__(self) -> int:
        """Vectors."""

    @property
    def width(self) -> int:
        """Numbers of a vector."""
        return int(self.at(np.zeros(1, dtype=np.int64)).shape[1])

    @abstractmethod
    def near(self, query: Vectors, count: int) -> Array:
        """Numbers of the nearest of a query's vector (D,), in any order: at least `count`, and whatever scores as much
        as the last of them."""

    @abstractmethod
    def at(self, places: Array) -> Vectors:
        """Vectors by their numbers."""

    @final
    def find(self, queries: Array, most: int) -> Judged:
        """The nearest of each query (N, D), best first, equal ones by their number, with their cosines: the same
        numbers whatever found them."""
        found = []
        for query in unit(queries):
            places = np.sort(self.near(query, min(most, len(self))))
            scores = np.einsum("pd,d->p", self.at(places), query)
            best = np.argsort(-scores, kind="stable")[:most]
            found.append((places[best], scores[best]))
        return listed(found)


class Plain(Index):
    """All vectors are compared, block by block."""

    kind = NUMPY

    def __init__(self, vectors: Array) -> None:
        self._vectors = unit(vectors)

    def __len__(self) -> int:
        return len(self._vectors)

    def near(self, query: Vectors, count: int) -> Array:
        """See `Index`."""
        blocks = range(0, len(self), _BLOCK)
        scores = np.concatenate([self._vectors[start : start + _BLOCK] @ query for start in blocks])
        least = np.partition(scores, -count)[-count]
        return np.flatnonzero(scores >= least - _NEAR)

    def at(self, places: Array) -> Vectors:
        """See `Index`."""
        return self._vectors[places]


class Faiss(Index):
    """All vectors are compared by faiss."""

    kind = "faiss"

    def __init__(self, made: Any) -> None:
        self._index = made

    @classmethod
    def build(cls, vectors: Array) -> Faiss:
        """Of vectors (P, D)."""
        made = _library(cls.kind).IndexFlatIP(vectors.shape[1])
        made.add(unit(vectors))
        return cls(made)

    @classmethod
    def read(cls, path: Path, width: int, rows: int) -> Faiss:
        """What `save` wrote."""
        return cls(_library(cls.kind).read_index(str(path)))

    def save(self, path: Path) -> None:
        """See `Index`."""
        _library(self.kind).write_index(self._index, str(path))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def near(self, query: Vectors, count: int) -> Array:
        """See `Index`."""
        asked = count
        while True:
            asked = min(2 * asked + 1, len(self))
            scores, places = self._index.search(query[None], asked)
            like = scores[0] >= scores[0][count - 1] - _NEAR
            if asked == len(self) or not like[-1]:
                return np.asarray(places[0][like])

    def at(self, places: Array) -> Vectors:
        """See `Index`."""
        return np.asarray(self._index.reconstruct_batch(places), dtype=np.float32)


class Hnsw(Index):
    """A graph of near vectors by hnswlib: a few thousand are compared, and now and then a near one is missed.

    Source: Malkov and Yashunin, Efficient and robust approximate nearest neighbor search using Hierarchical Navigable
    Small World graphs, 2018, arXiv:1603.09320.
    """

    kind = "hnswlib"

    def __init__(self, made: Any) -> None:
        self._index = made

    @classmethod
    def build(cls, vectors: Array) -> Hnsw:
        """Of vectors (P, D)."""
        made = _library(cls.kind).Index(space="ip", dim=vectors.shape[1])
        made.init_index(max_elements=len(vectors), M=_LINKS, ef_construction=_CARE, random_seed=0)
        made.add_items(unit(vectors), np.arange(len(vectors)))
        return cls(made)

    @classmethod
    def read(cls, path: Path, width: int, rows: int) -> Hnsw:
        """What `save` wrote."""
        made = _library(cls.kind).Index(space="ip", dim=width)
        made.load_index(str(path), max_elements=rows)
        return cls(made)

    def save(self, path: Path) -> None:
        """See `Index`."""
        self._index.save_index(str(path))

    def __len__(self) -> int:
        return int(self._index.get_current_count())

    def near(self, query: Vectors, count: int) -> Array:
        """See `Index`; of equal scores some may be missing."""
        self._index.set_ef(max(_WIDTH, 2 * count))
        return np.asarray(self._index.knn_query(query[None], k=count)[0][0], dtype=np.int64)

    def at(self, places: Array) -> Vectors:
        """See `Index`."""
        return np.asarray(self._index.get_items(places), dtype=np.float32)


_EXTRAS = {"hnswlib": "hnsw", "faiss": "faiss"}  # extra that installs it; in the order in which auto takes them
MADE: dict[str, type[Faiss | Hnsw]] = {"hnswlib": Hnsw, "faiss": Faiss}
KINDS = (AUTO, NUMPY, *_EXTRAS)


def chosen(kind: str, rows: int) -> str:
    """`auto` resolved: numpy, and from 200,000 rows on hnswlib or faiss where one is installed.

    Raises:
        DataError: `embed.kind`. MachineError: `machine.extra`: what is asked for is not installed.
    """
    if kind not in KINDS:
        raise DataError("embed.kind", key="index", value=kind, allowed=" | ".join(KINDS))
    if kind in _EXTRAS:
        _library(kind)
    if kind != AUTO:
        return kind
    return next((name for name in _EXTRAS if rows >= LARGE and is_there(name)), NUMPY)


def recall_of(made: Index, vectors: Array) -> float:
    """The share of the ten nearest of up to 200 vectors, drawn among those of the index, that it finds."""
    if not isinstance(made, Hnsw):
        return 1.0
    draw = np.random.default_rng(0).permutation(len(vectors))[:_SAMPLE]
    exact, found = (index.find(vectors[draw], _MOST) for index in (Plain(vectors), made))
    return float(np.mean(~np.isnan(exact.values_in(found))))


def is_there(kind: str) -> bool:
    """Whether the library of a kind is installed."""
    try:
        return bool(_library(kind))
    except MachineError:
        return False


def _library(kind: str) -> Any:
    """The module of a kind.

    Raises:
        MachineError: `machine.extra`.
    """
    try:
        return import_module(kind)
    except ImportError as error:
        raise MachineError("machine.extra", key=kind, extra=_EXTRAS[kind]) from error


__all__ = [
    "AUTO",
    "KINDS",
    "LARGE",
    "MADE",
    "NUMPY",
    "Faiss",
    "Hnsw",
    "Index",
    "Plain",
    "chosen",
    "is_there",
    "recall_of",
]
