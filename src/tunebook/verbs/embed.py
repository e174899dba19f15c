"""Embed: the vectors of the texts of a file, and a search among them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from tunebook.core.backends import EAGER, Backend
from tunebook.core.errors import DataError
from tunebook.core.files import check_place, part_of
from tunebook.core.progress import Progress
from tunebook.data.options import DataOptions
from tunebook.tasks.embedding.index import AUTO, NUMPY, Plain, chosen
from tunebook.tasks.embedding.kept_index import is_kept, keep, kept
from tunebook.verbs.served import Embedder, Side, Vectors, check_vectors
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    import pyarrow as pa

    from tunebook.backends.choice import Chosen

VECTOR, _ABOUT = "vector", b"tunebook"


@dataclass(frozen=True)
class Embedded:
    """What was written.

    Attributes:
        path: of the file; rows: vectors in it; width: numbers of each; seconds: of the model's work; text: column that
            was read; title: whether the column `title` was read in front of it.
        cut: texts that lost their end, for they have more tokens than the model reads, `length`.
        empty: rows without a text, whose vector is that of an empty one.
    """

    path: Path
    rows: int
    width: int
    seconds: float
    text: str
    title: bool
    cut: int
    length: int
    empty: int


@dataclass(frozen=True)
class Nearest:
    """What a search found.

    Attributes:
        rows: columns of each and its `score`, best first; index: what found them.
        recall: share of the nearest that it finds, see `tunebook.tasks.embedding.index.recall_of`.
        stale: whether there is an index that was not used, for it is one of other vectors, is damaged or cannot be read
            here.
        searched: rows that were compared.
        cut: whether the query lost its end.
    """

    rows: list[dict[str, Any]]
    index: str
    recall: float
    stale: bool
    searched: int
    cut: bool


class How(TypedDict, total=False):
    """How texts are read: on which side they stand, `passage` unless told; by which `backend`, and who is told which
    one it was, as of an `Embedder`."""

    side: Side
    backend: Backend
    chosen: Callable[[Chosen], None] | None
    progress: Progress | None


def embed(
    run: Run,
    texts: Sequence[str],
    *,
    side: Side = "passage",
    batch_size: int | None = None,
    backend: Backend = EAGER,
    progress: Progress | None = None,
) -> Vectors:
    """Vectors of texts by a run's model, shape (N, width), cleaned as the run's rows and with the prompt of this side.

    Args:
        batch_size: texts in one forward pass, None for what is quick here; texts of like length are read together.
        backend: as of an `Embedder`.

    Raises:
        RunError: `embed.task`, the run is of another task, or it has not finished. DataError: `embed.text`, one is no
            text; `embed.batch_size`. ModelError, MachineError: as `Embedder.vectors`.
    """
    return Embedder(run, backend=backend).vectors(texts, side, batch_size=batch_size, progress=progress)


def embed_file(
    run: Run,
    source: Path,
    into: Path,
    *,
    options: DataOptions | None = None,
    **how: Unpack[How],
) -> Embedded:
    """Vectors of a column of a file: a name that ends in `.npy` gives them alone, `.parquet` all columns of the file
    with theirs as `vector`.

    Args:
        options: the column (`text`), which is then read alone; where it is not told it is found, and a title put in
            front, as `read_passages` does; and how the file is read.
        how: see `How`.

    Raises:
        DataError: `embed.into`, a name of another kind; `embed.itself`, the file would be written over itself; or as
            `read_passages`. MachineError: nothing can be written there; or as `embed`, as are RunError and ModelError.
    """
    from tunebook.verbs.rerank import has_titles, read_texts

    if into.suffix not in (".npy", ".parquet"):
        raise DataError("embed.into", key="into", value=str(into), allowed=".npy | .parquet")
    if into.exists() and into.resolve() == source.resolve():
        raise DataError("embed.itself", key="into", value=str(into))
    side, backend, progress = how.get("side", "passage"), how.get("backend", EAGER), how.get("progress")
    queries = side == "query"
    table, name, texts = read_texts(source, options, queries=queries)
    check_place(into)
    model = Embedder(run, backend=backend, chosen=how.get("chosen"))
    begun = time.perf_counter()
    vectors, cut = model.vectors_and_cut(texts, side, progress=progress)
    seconds = time.perf_counter() - begun
    with part_of(into) as part:
        if into.suffix == ".npy":
            with part.open("wb") as stream:
                np.save(stream, vectors, allow_pickle=False)
        else:
            _write(table, vectors, part, {"run": run.id, "side": side, "text": name, "book": run.book.resolve().name})
    title = has_titles(table, name, options, queries=queries)
    rows, width = vectors.shape
    empty = sum(not text.strip() for text in model.held.clean(texts))
    return Embedded(into, rows, width, seconds, name, title, int(cut.sum()), model.held.net.max_length, empty)


def check_index(into: Path, kind: str) -> None:
    """Whether vectors that are to be written can have an index of a kind, before the long work.

    Raises:
        DataError: `embed.kind`; `embed.into`, vectors alone have none. MachineError: `machine.extra`.
    """
    if chosen(kind, 0) != NUMPY and into.suffix != ".parquet":
        raise DataError("embed.into", key="into", value=str(into), allowed=".parquet")


def index_file(path: Path, kind: str = AUTO) -> tuple[str, float]:
    """Build what finds the vectors of a file of `embed_file` (.parquet) and keep it beside that; `numpy` needs nothing.

    Args:
        kind: see `tunebook.tasks.embedding.index.chosen`.

    Returns:
        Its kind, and the share of the nearest that it finds.

    Raises:
        DataError: `embed.index`, `embed.kind`. MachineError: `machine.extra`.
    """
    stored = _Stored(path)
    found = chosen(kind, stored.count)
    return found, keep(path, found, stored.vectors())[1].recall if found != NUMPY else 1.0


def nearest_rows(run: Run, index: Path, query: str, most: int = 10, *, by: str = AUTO) -> Nearest:
    """The rows of a file of `embed_file` (.parquet) whose vectors have the highest cosine with a query's, best first.

    Args:
        by: `auto` takes the index that lies beside the file and is of these vectors, else compares them all; `numpy`
            compares them all; `faiss` and `hnswlib` build their index where it is not there, and keep it.

    Raises:
        DataError: `rerank.query`, there is nothing to read in the query; `embed.index`, the file holds no vectors of
            this model's width; `embed.other`, `embed.elsewhere`, they are those of another run of this book, or of
            another one; `embed.kind`. RunError: as `embed`.
            MachineError: `machine.extra`.
    """
    check_vectors(run)
    stored = _Stored(index)
    if stored.run not in (None, run.id):
        raise _of_another(run, index, stored)
    kind = chosen(by, 0)
    model = Embedder(run)
    if not model.held.clean([query])[0].strip():
        raise DataError("rerank.query", key="query", value=query)
    asked, cut = model.vectors_and_cut([query], "query")
    found = None if by == NUMPY else kept(index, stored.vectors)
    if found and by not in (AUTO, found[1].kind):
        found = None
    stale = by == AUTO and found is None and is_kept(index)
    if found is None and kind != NUMPY:
        found = keep(index, kind, stored.vectors())
    used = found[0] if found else Plain(stored.vectors())
    if used.width != asked.shape[1]:
        raise DataError("embed.index", key="index", value=str(index))
    told = used.find(asked, most)
    rows = stored.rows(told.passage)
    scored = [{**row, "score": float(score)} for row, score in zip(rows, told.value, strict=True)]
    recall = found[1].recall if found else 1.0
    return Nearest(scored, used.kind, recall, stale, stored.count, bool(cut[0]))


def _of_another(run: Run, index: Path, stored: _Stored) -> DataError:
    """The error for vectors of another run, with what reads their queries."""
    other, book = str(stored.run), stored.book or "BOOK"
    if (run.path.parent / other).is_dir():
        return DataError("embed.other", key=str(index), value=other, allowed=f"--run {other}", run=run.id)
    beside = run.book.parent / book
    return DataError(
        "embed.elsewhere", key=str(index), value=other, run=run.id, book=beside if beside.is_dir() else book
    )


class _Stored:
    """A file of vectors, whose vectors are read when they are asked for.

    Raises:
        DataError: `embed.index`.
    """

    def __init__(self, path: Path) -> None:
        from pyarrow import ArrowInvalid, parquet

        self._path = path
        try:
            self._file = parquet.ParquetFile(path)
        except (OSError, ArrowInvalid) as error:
            raise DataError("embed.index", key="index", value=str(path)) from error
        schema = self._file.schema_arrow
        told = (schema.metadata or {}).get(_ABOUT)
        about = json.loads(told) if told else {}
        self.run: str | None = about.get("run")
        self.book: str | None = about.get("book")  # files of older versions do not say
        self._columns = [name for name in schema.names if name != VECTOR]
        self.count = self._file.metadata.num_rows
        if VECTOR not in schema.names or not self.count:
            raise DataError("embed.index", key="index", value=str(path))

    def vectors(self) -> Vectors:
        """All of them, shape (P, D)."""
        flat = self._file.read([VECTOR])[VECTOR].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        if len(flat) % self.count:
            raise DataError("embed.index", key="index", value=str(self._path))
        found: Vectors = flat.reshape(self.count, -1)
        return found

    def rows(self, places: NDArray[Any]) -> list[dict[str, Any]]:
        """What the file says beside the vectors of some rows."""
        found: list[dict[str, Any]] = self._file.read(self._columns).take(places).to_pylist()
        return found


def _write(table: pa.Table, vectors: Vectors, into: Path, about: Mapping[str, str]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    kept = [name for name in table.column_names if name != VECTOR]
    made = table.select(kept).append_column(VECTOR, column)
    told = {**(table.schema.metadata or {}), _ABOUT: json.dumps(about).encode()}
    parquet.write_table(made.replace_schema_metadata(told), into, compression="zstd")


__all__ = [
    "VECTOR",
    "Embedded",
    "How",
    "Nearest",
    "Side",
    "check_index",
    "embed",
    "embed_file",
    "index_file",
    "nearest_rows",
]
