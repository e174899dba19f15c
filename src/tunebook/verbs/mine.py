"""Mine: hard negatives for queries with relevant passages, found by BM25 or by a model, as a file to train on."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.errors import DataError, RunError
from tunebook.core.files import check_place, content_id, lines_id, part_of
from tunebook.core.folders import folder_of, is_free
from tunebook.core.judged import Judged
from tunebook.core.locations import BOOK_FILE
from tunebook.core.nouns import SPLITS, DataRef
from tunebook.core.progress import Progress
from tunebook.data.kind import column_kind
from tunebook.data.options import DataOptions
from tunebook.tasks.ranking.mining import Rules, Search, negatives
from tunebook.verbs.mined_files import SCORES, SPLIT, WEIGHT, write_folder, write_rows
from tunebook.verbs.mining import Partial, judge_of, model_of, nearest, run_of, teacher_of
from tunebook.verbs.served import check_vectors
from tunebook.verbs.steps.book import Book

if TYPE_CHECKING:
    from tunebook.verbs.steps.runs import Run

BM25 = "bm25"
_TASK = "embedding"  # by which a file is read that nobody said more of
_OURS = ("id", "query", "pos", "neg", "relevance")


@dataclass(frozen=True)
class Models:
    """Which models search, judge and teach.

    Attributes:
        by: `bm25`; a run of the book; the folder of a run or of a base model; the name of a base model.
        filter: a reranker, named in the same way, that leaves out what it finds as relevant as a relevant passage; None
            for none.
        scores: a run of a reranker, named in the same way, whose scores of all passages are written into a file of
            rows; None for none.
    """

    by: str = BM25
    filter: str | None = None
    scores: str | None = None


@dataclass(frozen=True)
class Mined:
    """What was written.

    Attributes:
        path: of the file or folder; rows: queries in it.
        negatives: that were found; judged: negatives that the rows had before.
        without: queries with no negative at all.
        alike, near, filtered: passages that were left out, see `tunebook.tasks.ranking.mining.negatives`;
            the last is None where no reranker judged.
        scored: passages whose scores were written; None where no run was named for that.
        lost: columns that the rows have and a folder lacks: scores of an earlier reranker, weights.
        kept: passages whose score of an earlier reranker was written; what was found has none.
        columns: `split` and `weight`, those of them that were written.
        task: of the book; empty of a file.
    """

    path: Path
    rows: int
    negatives: int
    judged: int
    without: int
    alike: int
    near: int
    filtered: int | None = None
    scored: int | None = None
    lost: tuple[str, ...] = ()
    kept: int = 0
    columns: tuple[str, ...] = ()
    task: str = ""


def mine(
    source: Path,
    into: Path,
    rules: Rules | None = None,
    *,
    by: str | Models = BM25,
    options: DataOptions | None = None,
    progress: Progress | None = None,
) -> Mined:
    """Search the passages of a book, or of a file, for each of its queries, and write queries, relevant passages and
    negatives: those that the rows have, and what was found.

    The rows of a book keep their splits in a column `split`. A name that ends in `.jsonl` gives a file of rows with
    `query`, `pos` and `neg`, any other a folder of corpus.jsonl, queries.jsonl and qrels, which holds the passages that
    no query names, too.

    Args:
        into: what is there already is never overwritten.
        by: what searches, judges and teaches; a name alone is that of what searches.
        options: how a file is read.

    What models said is kept beside `into` until all is written: a mining that was interrupted goes on from there.

    Raises:
        DataError: `mine.kind`, the rows are no queries with passages; `mine.rule`; `mine.source`, the file would be
            written over itself; `mine.exists`; `mine.form`, scores go into a file of rows alone; `score.run`.
            RunError: `embed.task`, the run that is to search makes no vectors. BookError, ModelError, MachineError: of
            the model.
    """
    rules, source, into = rules or Rules(), Path(source), Path(into)
    models = by if isinstance(by, Models) else Models(by)
    _refuse(source, into, models)
    book = Book(source) if (source / BOOK_FILE).is_file() else None
    if models.by != BM25 and (run := run_of(models.by, book)) is not None:
        check_vectors(run)
    with tempfile.TemporaryDirectory() as scratch:
        data = book.data if book else _prepared(source, Path(scratch), options)
        if not column_kind(data.labels.problem).of_passages:
            raise DataError("mine.kind", key=str(source), value=data.labels.problem)
        parts = _parts(data)
    rows = _joined(parts)
    teacher = None if models.scores is None else teacher_of(models.scores, book)
    partial = Partial(into.with_name(f".{into.name}.mining"), _key(rows, rules, models, book))
    try:
        judge = None if models.filter is None else judge_of(rows, models.filter, book, partial, progress)
        search = _search(rows, models.by, book, rules, (partial, progress))
        found, left = negatives(search, rules, judge)
        splits = [split for split, part in parts.items() for _ in range(len(part))] if book else _given(rows)
        scored = _written(into, (rows, search.judged, found, splits), teacher, progress)
    except KeyboardInterrupt:
        raise RunError("mine.interrupted", key=str(into)) from None
    partial.done()
    known = search.judged.at(search.judged.value <= 0)
    without = int((found.counts + known.counts == 0).sum())
    lost, columns = _columns(into, rows, splits)
    kept = 0 if teacher is not None or lost or rows.taught is None else len(Judged.of(rows.taught).row)
    task = book.file.task if book else ""
    more: dict[str, Any] = {**left, "scored": scored, "lost": lost, "kept": kept, "columns": columns, "task": task}
    return Mined(into, len(rows), len(found.row), len(known.row), without, **more)


def _given(rows: Rows) -> list[str] | None:
    """The splits that the rows of a file say; None where they say none, or others."""
    from tunebook.data.given_split import split_of

    said = [split_of(str(cell)) for cell in rows.other.get(SPLIT, ())]
    named: list[str] = [split for split in said if split is not None]
    return named if named and len(named) == len(said) else None


def _columns(into: Path, rows: Rows, splits: list[str] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Columns that are lost in a folder, and those of split and weight that were written into a file."""
    weighed, taught = rows.weights is not None, rows.taught is not None
    if into.suffix != ".jsonl":
        return (*(SCORES if taught else ()), *((WEIGHT,) if weighed else ())), ()
    return (), tuple(name for name, there in ((SPLIT, splits is not None), (WEIGHT, weighed)) if there)


def _refuse(source: Path, into: Path, models: Models) -> None:
    """Refuse, before any work, what cannot be written."""
    if into.exists() and into.resolve() == source.resolve():
        raise DataError("mine.source", key="into", value=str(into))
    rows = into.suffix == ".jsonl"
    check_place(into)
    if into.exists() and (rows or not is_free(into)):
        raise DataError("mine.exists", key="into", value=str(into))
    if models.scores is not None and not rows:
        raise DataError("mine.form", key="into", value=str(into), allowed="FILE.jsonl")


def _written(into: Path, what: tuple[Any, ...], teacher: Run | None, progress: Progress | None) -> int | None:
    """Write a file of rows or a folder, whole or not at all; how many passages a teacher has scored."""
    used = DataError("mine.exists", key="into", value=str(into))
    if into.suffix != ".jsonl":
        with folder_of(into, used=used) as folder:
            write_folder(folder, *what)
        return None
    from tunebook.verbs.score import add_scores

    with part_of(into) as part:
        write_rows(part, *what)
        scored = None if teacher is None else add_scores(part, teacher, progress)
        if into.exists():  # it has come into being meanwhile
            raise used
    return scored


def _key(rows: Rows, rules: Rules, models: Models, book: Book | None) -> list[Any]:
    """All that what models say depends on."""
    from tunebook.models.source import model_id

    assert rows.passages is not None and rows.targets is not None
    named = [name for name in (models.by, models.filter) if name not in (None, BM25)]
    ids = [model_id(model_of(name, book)) for name in named if name is not None]
    texts = [lines_id([*rows.texts], 24), lines_id([*rows.passages], 24), content_id(rows.targets.tolist(), 24)]
    return [texts, asdict(rules), models.by == BM25, ids]


def _prepared(source: Path, scratch: Path, options: DataOptions | None) -> DataRef:
    """The rows of a file, cleaned and numbered as those of a book would be."""
    from tunebook.data.prepare import prepare

    options = options or DataOptions()
    named = options if options.task or options.problem else options.model_copy(update={"task": _TASK})
    return prepare([source], scratch / "data", named)


def _parts(data: DataRef) -> dict[str, Rows]:
    from tunebook.data.load import load

    return {split: load(data, split) for split in SPLITS}


def _joined(parts: Mapping[str, Rows]) -> Rows:
    """The rows of all splits, one after the other; their passages are the same."""
    every = list(parts.values())
    taught = any(part.taught is not None for part in every)
    said = [np.zeros((len(part), 1)) if part.taught is None else part.taught for part in every]
    names = {name for part in every for name in part.other if not name.startswith("_") and name not in _OURS}
    weights = None if every[0].weights is None else np.concatenate([part.weights for part in every])
    return Rows(
        [text for part in every for text in part.texts],
        None,
        _stacked([part.targets for part in every if part.targets is not None]),
        [name for part in every for name in part.ids],
        weights=weights,
        other={name: [cell for part in every for cell in part.other[name]] for name in sorted(names)},
        passages=every[0].passages,
        passage_ids=every[0].passage_ids,
        taught=_stacked(said) if taught else None,
    )


def _stacked(parts: list[Any]) -> NDArray[Any]:
    """Passages of the rows of all parts, one after the other, as `Judged` packs them."""
    judged = [Judged.of(part) for part in parts]
    starts = np.cumsum([0, *(one.rows for one in judged)])
    passage, value = (np.concatenate([getattr(one, name) for one in judged]) for name in ("passage", "value"))
    row = np.concatenate([one.row + start for one, start in zip(judged, starts, strict=False)])
    return Judged(row, passage, value, int(starts[-1])).matrix()


def _search(rows: Rows, by: str, book: Book | None, rules: Rules, kept: tuple[Partial, Progress | None]) -> Search:
    import pyarrow as pa

    from tunebook.data.passages import near_keys

    assert rows.targets is not None and rows.passages is not None
    judged = Judged.of(rows.targets)
    most = rules.last + int(judged.counts.max(initial=0))
    if by == BM25:
        from tunebook.tasks.ranking import lexical

        found, scores = lexical.BM25(rows.passages).find(rows.texts, judged, most, kept[1])
    else:
        found, scores = nearest(rows, judged, model_of(by, book), most, *kept)
    keys = [near_keys(pa.chunked_array([pa.array(texts, pa.large_string())])) for texts in (rows.passages, rows.texts)]
    same = np.unique(np.concatenate(keys), return_inverse=True)[1]
    return Search(found, judged, scores, same[: len(keys[0])], same[len(keys[0]) :])


__all__ = ["BM25", "Mined", "Models", "mine"]
