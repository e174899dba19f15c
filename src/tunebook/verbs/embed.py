"""Embed: the vectors of the texts of a file, and a search among them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.errors import DataError, RunError
from tunebook.core.files import part_of
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.task import Searches
from tunebook.data.options import DataOptions
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    import pyarrow as pa

    from tunebook.engine.load import LoadedModel

Side = Literal["query", "passage"]
Vectors = NDArray[np.float32]
VECTOR, _ABOUT = "vector", b"tunebook"


@dataclass(frozen=True)
class Embedded:
    """What was written.

    Attributes:
        path: of the file; rows: vectors in it; width: numbers of each; seconds: of the model's work; text: column that
            was read.
    """

    path: Path
    rows: int
    width: int
    seconds: float
    text: str


def embed(
    run: Run, texts: Sequence[str], *, side: Side = "passage", batch_size: int = 64, progress: Progress | None = None
) -> Vectors:
    """Vectors of texts by a run's model, shape (N, width), cleaned as the run's rows and with the prompt of this side.

    Args:
        batch_size: texts in one forward pass; texts of like length are read together.

    Raises:
        RunError: `embed.task`, the run is of another task, or it has not finished.
    """
    return _vectors(_model(run), run, texts, side, batch_size=batch_size, progress=progress)


def embed_file(
    run: Run,
    source: Path,
    into: Path,
    *,
    side: Side = "passage",
    options: DataOptions | None = None,
    progress: Progress | None = None,
) -> Embedded:
    """Vectors of a column of a file: a name that ends in `.npy` gives them alone, `.parquet` all columns of the file
    with theirs as `vector`.

    Args:
        options: the column (`text`), found as `read_passages` does where it is not told, and how the file is read.

    Raises:
        DataError: `embed.into`, a name of another kind, or as `read_passages`. RunError: as `embed`.
    """
    from tunebook.verbs.rerank import read_texts

    if into.suffix not in (".npy", ".parquet"):
        raise DataError("embed.into", key="into", value=str(into), allowed=".npy | .parquet")
    model = _model(run)
    table, name, texts = read_texts(source, options, queries=side == "query")
    begun = time.perf_counter()
    vectors = _vectors(model, run, texts, side, progress=progress)
    seconds = time.perf_counter() - begun
    with part_of(into) as part:
        if into.suffix == ".npy":
            with part.open("wb") as stream:
                np.save(stream, vectors, allow_pickle=False)
        else:
            _write(table, vectors, part, {"run": run.id, "side": side, "text": name})
    return Embedded(into, len(vectors), vectors.shape[1], seconds, name)


def nearest_rows(run: Run, index: Path, query: str, most: int = 10) -> list[dict[str, Any]]:
    """The rows of a file of `embed_file` (.parquet) whose vectors have the highest cosine with a query's, best first:
    their columns and a `score`. All vectors are compared.

    Raises:
        DataError: `embed.index`, the file holds no vectors of this model's width; `embed.other`, they are those of
            another run. RunError: as `embed`.
    """
    from pyarrow import ArrowInvalid, parquet

    from tunebook.tasks.embedding.search import nearest

    try:
        table = parquet.read_table(index)
    except (OSError, ArrowInvalid) as error:
        raise DataError("embed.index", key="index", value=str(index)) from error
    told = (table.schema.metadata or {}).get(_ABOUT)
    if told and (made := json.loads(told)["run"]) != run.id:
        raise DataError("embed.other", key=str(index), value=made, allowed=run.id)
    asked = embed(run, [query], side="query")
    if VECTOR not in table.column_names or not len(table):
        raise DataError("embed.index", key="index", value=str(index))
    flat = table[VECTOR].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    if len(flat) != len(table) * asked.shape[1]:
        raise DataError("embed.index", key="index", value=str(index))
    found = nearest(asked, flat.reshape(len(table), -1), most)
    rows = table.drop_columns([VECTOR]).take(found.passage).to_pylist()
    return [{**row, "score": float(score)} for row, score in zip(rows, found.value, strict=True)]


def _model(run: Run) -> LoadedModel:
    task = task_of(run.plan.task)()
    if not isinstance(task, Searches):
        raise RunError("embed.task", key=run.id, value=run.plan.task)
    from tunebook.engine.load import load_model

    return load_model(run.model, run.plan)


def _vectors(
    model: LoadedModel,
    run: Run,
    texts: Sequence[Any],
    side: Side,
    *,
    batch_size: int = 64,
    progress: Progress | None = None,
) -> Vectors:
    from tunebook.data.cells import as_text
    from tunebook.data.clean import clean_text
    from tunebook.data.frozen import prepared_data

    rules = tuple(prepared_data(run.plan).stats["cleaning"]["rules"])
    clean = [clean_text(as_text(text) or "", rules) for text in texts]
    queries, passages = (clean, [""]) if side == "query" else ([""], clean)
    seen = model.task.seen(Rows(queries, None, None, [""] * len(queries), passages=passages), run.plan.params)
    assert seen.passages is not None
    return model.vectors(seen.texts if side == "query" else seen.passages, progress, batch_size)


def _write(table: pa.Table, vectors: Vectors, into: Path, about: Mapping[str, str]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    kept = [name for name in table.column_names if name != VECTOR]
    made = table.select(kept).append_column(VECTOR, column)
    told = {**(table.schema.metadata or {}), _ABOUT: json.dumps(about).encode()}
    parquet.write_table(made.replace_schema_metadata(told), into, compression="zstd")


__all__ = ["VECTOR", "Embedded", "Side", "embed", "embed_file", "nearest_rows"]
