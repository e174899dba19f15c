"""What a mining asks of models, kept as it comes: one that was interrupted goes on where it stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.errors import DataError
from tunebook.core.files import content_id, part_of, write_whole
from tunebook.core.judged import Judged
from tunebook.core.locations import BOOK_FILE, CHAMPION, LATEST, PLAN
from tunebook.core.progress import Progress, Silent
from tunebook.verbs.steps.book import Book

if TYPE_CHECKING:
    from tunebook.verbs.steps.runs import Run

Array = NDArray[Any]
_TEXTS, _PAIRS = 2048, 1024  # that are kept at once
_KEY = "key.json"


class Partial:
    """Arrays of a piece of work in a folder of its own, of which those that are there are not made again.

    Args:
        key: all that the work depends on; what was kept for another one is thrown away.
    """

    def __init__(self, folder: Path, key: Any) -> None:
        self._folder, self._key = folder, content_id(key, 24)
        try:
            same = json.loads((folder / _KEY).read_text(encoding="utf-8")) == self._key
        except (OSError, ValueError):
            same = False
        if not same:
            shutil.rmtree(folder, ignore_errors=True)

    def array(self, name: str, make: Callable[[], Array]) -> Array:
        """The array of this name, made and kept where it is not there."""
        path = self._folder / f"{name}.npy"
        try:
            kept: Array = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError):
            kept = np.asarray(make())
            write_whole(self._folder / _KEY, json.dumps(self._key))
            with part_of(path) as part, part.open("wb") as stream:
                np.save(stream, kept, allow_pickle=False)
        return kept

    def done(self) -> None:
        """Throw away what was kept."""
        shutil.rmtree(self._folder, ignore_errors=True)


def run_of(name: str, book: Book | None) -> Run | None:
    """The run that a name means: one of the book by its id, the start of that, `latest` or `champion`; that of a
    folder; of another book's folder the one that answers. None where it means none of these.

    Raises:
        BookError: several runs of the book begin so, or the other book has none.
    """
    from tunebook.verbs.steps.runs import Run

    if book and (name in (LATEST, CHAMPION) or any(run.id.startswith(name) for run in book.runs)):
        return book.run(name)
    if (Path(name) / BOOK_FILE).is_file():
        return Book(Path(name)).run()
    return Run(Path(name)) if (Path(name) / PLAN).is_file() else None


def model_of(name: str, book: Book | None) -> Path:
    """The folder of a model: of a run as `run_of` finds it, or of a base model.

    Raises:
        ModelError, BookError, MachineError.
    """
    from tunebook.models.source import find_model

    run = run_of(name, book)
    return find_model(name) if run is None else run.model


def teacher_of(name: str, book: Book | None) -> Run:
    """The finished run whose scores are written, as `run_of` finds it.

    Raises:
        BookError: there is no such run. RunError: it has not finished. DataError: `rerank.task`, `score.run`.
    """
    from tunebook.verbs.served import check_scores

    run = run_of(name, book)
    if run is None:
        known = " | ".join(one.id for one in book.runs) if book else ""
        raise DataError("score.run", key="--scores", value=name, allowed=known)
    check_scores(run)
    _ = run.model
    return run


def nearest(
    rows: Rows, judged: Judged, model: Path, most: int, partial: Partial, progress: Progress | None
) -> tuple[Judged, Array]:
    """The best passages of each query by the vectors of a model, and the scores of those that are judged (M,)."""
    from tunebook.tasks.ranking.dense import encoder, find

    assert rows.passages is not None
    encode = _once(lambda: encoder(model))

    def queries(texts: Sequence[str]) -> Array:
        return np.asarray(encode()(texts, True, None))

    def passages(texts: Sequence[str]) -> Array:
        return np.asarray(encode()(texts, False, None))

    asked = _vectors(rows.texts, "queries", queries, partial, progress)
    known = _vectors(rows.passages, "passages", passages, partial, progress)
    return find((asked, known), judged, most, progress)


def _vectors(
    texts: Sequence[str],
    name: str,
    encode: Callable[[Sequence[str]], Array],
    partial: Partial,
    progress: Progress | None,
) -> Array:
    """Vectors of texts (N, D), the longest first."""
    watcher = progress or Silent()
    watcher.start("embed", len(texts))
    order = np.argsort([-len(text) for text in texts], kind="stable")
    parts = []
    for start in range(0, len(order), _TEXTS):
        some = [texts[place] for place in order[start : start + _TEXTS]]
        parts.append(partial.array(f"{name}-{start}", lambda some=some: encode(some)))  # type: ignore[misc]
        watcher.advance(len(some))
    watcher.finish()
    found: Array = np.empty((len(texts), parts[0].shape[1]), dtype=np.float32)
    found[order] = np.concatenate(parts)
    return found


def judge_of(
    rows: Rows, model: str, book: Book | None, partial: Partial, progress: Progress | None
) -> Callable[[Judged], Array]:
    """What scores pairs of these rows by a reranker, shape (M,), from 0 to 1.

    Args:
        model: a run of the book, the folder of a run, of a book or of a model, or the name of a model. It is loaded at
            once: what is no reranker is refused before a long search.
    """
    from tunebook.verbs.served import Reranker

    reranker = Reranker(run_of(model, book) or model)
    asked = [0]

    def judge(pairs: Judged) -> Array:
        watcher = progress or Silent()
        watcher.start("rerank", len(pairs.row))
        parts = [np.zeros(0, dtype=np.float32)]
        for start in range(0, len(pairs.row), _PAIRS):
            some = pairs.at(np.arange(start, min(start + _PAIRS, len(pairs.row))))
            parts.append(partial.array(f"scores-{asked[0]}", lambda some=some: _scores(reranker, rows, some)))  # type: ignore[misc]
            asked[0] += 1
            watcher.advance(len(some.row))
        watcher.finish()
        return np.concatenate(parts)

    return judge


def _scores(reranker: Any, rows: Rows, pairs: Judged) -> Array:
    """Scores of pairs, shape (M,), of which only their own queries and passages are read."""
    assert rows.passages is not None
    queries, row = np.unique(pairs.row, return_inverse=True)
    passages, passage = np.unique(pairs.passage, return_inverse=True)
    own = Judged(row, passage, np.zeros(len(row)), len(queries))
    texts = [rows.passages[number] for number in passages.tolist()]
    scores: Array = reranker.judge([rows.texts[number] for number in queries.tolist()], texts, own)
    return scores


def _once(make: Callable[[], Any]) -> Callable[[], Any]:
    """A function that makes a thing when it is first asked for."""
    made: list[Any] = []

    def get() -> Any:
        if not made:
            made.append(make())
        return made[0]

    return get


__all__ = ["Partial", "judge_of", "model_of", "nearest", "run_of", "teacher_of"]
