"""Mine: hard negatives for queries with relevant passages, found by BM25 or by a model, as a file to train on."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tunebook.core.answers import Rows
from tunebook.core.errors import DataError
from tunebook.core.files import part_of
from tunebook.core.judged import Judged
from tunebook.core.locations import BOOK_FILE
from tunebook.core.nouns import SPLITS, DataRef
from tunebook.core.progress import Progress
from tunebook.data.kind import column_kind
from tunebook.data.options import DataOptions
from tunebook.tasks.ranking.mining import Rules, Search, negatives
from tunebook.verbs.steps.book import Book

BM25 = "bm25"
_TASK = "embedding"  # by which a file is read that nobody said more of
_OURS = ("id", "query", "pos", "neg", "relevance", "split")


@dataclass(frozen=True)
class Mined:
    """What was written.

    Attributes:
        path: of the file or folder; rows: queries in it.
        negatives: that were found; judged: negatives that the rows had before.
        without: queries with no negative at all.
        alike, near: passages that were left out, see `tunebook.tasks.ranking.mining.negatives`.
    """

    path: Path
    rows: int
    negatives: int
    judged: int
    without: int
    alike: int
    near: int


def mine(
    source: Path,
    into: Path,
    rules: Rules | None = None,
    *,
    by: str = BM25,
    options: DataOptions | None = None,
    progress: Progress | None = None,
) -> Mined:
    """Search the passages of a book, or of a file, for each of its queries, and write queries, relevant passages and
    negatives: those that the rows have, and what was found.

    The rows of a book keep their splits in a column `split`. A name that ends in `.jsonl` gives a file of rows with
    `query`, `pos` and `neg`, any other a folder of corpus.jsonl, queries.jsonl and qrels, which holds the passages that
    no query names, too.

    Args:
        by: `bm25`; a run of the book; the folder of a run or of a base model; the name of a base model.
        options: how a file is read.

    Raises:
        DataError: `mine.kind`, the rows are no queries with passages; `mine.rule`; `mine.source`, the file would be
            written over itself. BookError, ModelError, MachineError: of the model.
    """
    rules, source, into = rules or Rules(), Path(source), Path(into)
    if into.exists() and into.resolve() == source.resolve():
        raise DataError("mine.source", key="into", value=str(into))
    with tempfile.TemporaryDirectory() as scratch:
        book = Book(source) if (source / BOOK_FILE).is_file() else None
        data = book.data if book else _prepared(source, Path(scratch), options)
        if not column_kind(data.labels.problem).of_passages:
            raise DataError("mine.kind", key=str(source), value=data.labels.problem)
        parts = _parts(data)
    rows = _joined(parts)
    search = _search(rows, by, book, rules, progress)
    found, left = negatives(search, rules)
    splits = [split for split, part in parts.items() for _ in range(len(part))] if book else None
    written = _folder if into.suffix != ".jsonl" else _file
    written(into, rows, search.judged, found, splits)
    known = search.judged.at(search.judged.value <= 0)
    without = int((found.counts + known.counts == 0).sum())
    return Mined(into, len(rows), len(found.row), len(known.row), without, **left)


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
    judged = [Judged.of(part.targets) for part in every if part.targets is not None]
    starts = np.cumsum([0, *(one.rows for one in judged)])
    passage, value = (np.concatenate([getattr(one, name) for one in judged]) for name in ("passage", "value"))
    row = np.concatenate([one.row + start for one, start in zip(judged, starts, strict=False)])
    names = {name for part in every for name in part.other if not name.startswith("_") and name not in _OURS}
    return Rows(
        [text for part in every for text in part.texts],
        None,
        Judged(row, passage, value, int(starts[-1])).matrix(),
        [name for part in every for name in part.ids],
        other={name: [cell for part in every for cell in part.other[name]] for name in sorted(names)},
        passages=every[0].passages,
        passage_ids=every[0].passage_ids,
    )


def _search(rows: Rows, by: str, book: Book | None, rules: Rules, progress: Progress | None) -> Search:
    import pyarrow as pa

    from tunebook.data.passages import near_keys

    assert rows.targets is not None and rows.passages is not None
    judged = Judged.of(rows.targets)
    most = rules.last + int(judged.counts.max(initial=0))
    if by == BM25:
        from tunebook.tasks.ranking import lexical

        found, scores = lexical.BM25(rows.passages).find(rows.texts, judged, most, progress)
    else:
        found, scores = _by_model(rows, judged, by, book, most, progress)
    keys = [near_keys(pa.chunked_array([pa.array(texts, pa.large_string())])) for texts in (rows.passages, rows.texts)]
    same = np.unique(np.concatenate(keys), return_inverse=True)[1]
    return Search(found, judged, scores, same[: len(keys[0])], same[len(keys[0]) :])


def _by_model(
    rows: Rows, judged: Judged, by: str, book: Book | None, most: int, progress: Progress | None
) -> tuple[Judged, Any]:
    """The same by the vectors of a model."""
    from tunebook.tasks.ranking.dense import encoder, find

    assert rows.passages is not None
    encode = encoder(_model(by, book))
    vectors = encode(rows.texts, True, progress), encode(rows.passages, False, progress)
    return find(vectors, judged, most, progress)


def _model(by: str, book: Book | None) -> Path:
    """The folder of a model: of a run of the book, of a run elsewhere, or of a base model."""
    from tunebook.models.source import find_model
    from tunebook.verbs.steps.runs import Run

    if book and (by == "latest" or any(run.id.startswith(by) for run in book.runs)):
        return book.run(by).model
    return Run(Path(by)).model if (Path(by) / "plan.json").is_file() else find_model(by)


def _file(into: Path, rows: Rows, judged: Judged, found: Judged, splits: list[str] | None) -> None:
    """A line of JSON for each query."""
    assert rows.passages is not None
    relevant, others = judged.at(judged.value > 0), judged.at(judged.value <= 0)
    graded = not np.isin(relevant.value, (1,)).all()
    texts = [_texts(one, rows.passages) for one in (relevant, others, found)]
    gains = _split(relevant.value.tolist(), relevant)
    with part_of(into) as part, part.open("w", encoding="utf-8") as stream:
        for row, (pos, neg, mined) in enumerate(zip(*texts, strict=True)):
            line: dict[str, Any] = {"id": rows.ids[row], "query": rows.texts[row], "pos": pos, "neg": [*neg, *mined]}
            line |= {"relevance": gains[row]} if graded else {}
            line |= {"split": splits[row]} if splits else {}
            line |= {name: column[row] for name, column in rows.other.items()}
            stream.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")


def _folder(into: Path, rows: Rows, judged: Judged, found: Judged, splits: list[str] | None) -> None:
    """A corpus, queries and qrels."""
    assert rows.passages is not None and rows.passage_ids is not None
    ids = rows.passage_ids
    corpus = ({"_id": name, "title": "", "text": text} for name, text in zip(ids, rows.passages, strict=True))
    queries = ({"_id": name, "text": text} for name, text in zip(rows.ids, rows.texts, strict=True))
    for name, lines in (("corpus", corpus), ("queries", queries)):
        with part_of(into / f"{name}.jsonl") as part, part.open("w", encoding="utf-8") as stream:
            stream.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    row = np.concatenate([judged.row, found.row])
    passage = np.concatenate([judged.passage, found.passage])
    gain = np.concatenate([judged.value, np.zeros(len(found.row))])
    order = np.argsort(row, kind="stable").tolist()
    for split in dict.fromkeys(splits or ["train"]):
        with part_of(into / "qrels" / f"{split}.tsv") as part, part.open("w", encoding="utf-8") as stream:
            stream.write("query-id\tcorpus-id\tscore\n")
            for at in order:
                if splits is None or splits[row[at]] == split:
                    stream.write(f"{rows.ids[row[at]]}\t{ids[passage[at]]}\t{gain[at]:g}\n")


def _texts(judged: Judged, passages: Any) -> list[list[str]]:
    """The texts of each query's passages."""
    return _split([passages[number] for number in judged.passage.tolist()], judged)


def _split(items: list[Any], judged: Judged) -> list[list[Any]]:
    """Items of passages (M,), query by query."""
    ends = np.cumsum(judged.counts).tolist()
    return [items[end - count : end] for end, count in zip(ends, judged.counts.tolist(), strict=True)]


__all__ = ["BM25", "Mined", "mine"]
