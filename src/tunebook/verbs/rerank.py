"""Rerank: passages in the order in which a run's model finds them relevant to a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import DataError
from tunebook.core.progress import Progress
from tunebook.data.options import DataOptions
from tunebook.verbs.served import Reranker
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    import pyarrow as pa

_NAMES = ("text", "contents", "content", "body")  # of a column of passages, beside those that mean nothing else


@dataclass(frozen=True)
class Ranked:
    """A passage in its place.

    Attributes:
        rank: from 1; place: its number among the passages that were given, from 0.
        score: from 0 to 1.
    """

    rank: int
    place: int
    score: float
    text: str


def rerank(
    run: Run, query: str, passages: Sequence[str], *, top_k: int | None = None, progress: Progress | None = None
) -> list[Ranked]:
    """Passages, cleaned as those of training were, by their scores, best first; equal ones in the order given.

    A passage without text has no place in the order. One that is longer than the model reads at once is read in
    windows, and has the highest score of these.

    Args:
        run: a finished run of the task `reranking`.
        top_k: the best so many; None for all.

    Raises:
        RunError: the run has not finished. DataError: `rerank.task`, its model orders no candidates; `rerank.query`,
            there is nothing to read in the query; `predict.how`, `top_k` is below 1.
    """
    if top_k is not None and top_k < 1:
        raise DataError("predict.how", key="top_k", value=top_k, allowed="1 – …")
    model = Reranker(run)
    texts = model.held.clean(passages)
    found = enumerate(model.order(query, texts, top_k, progress), 1)
    return [Ranked(rank, place, score, texts[place]) for rank, (place, score) in found]


def read_passages(path: Path, options: DataOptions | None = None) -> list[dict[str, Any]]:
    """The passages of a file: lines of a text, or rows of any table, each with the file's columns and, as `passage`,
    its text.

    The column of the texts is that of `options.text`, and then it alone; else one with a usual name, else the only one,
    behind the column `title` where there is one, as files of BEIR have it.

    Raises:
        DataError: the file, or one of its rows, cannot be read; `embed.column`, it has no such column;
            `rerank.column`, none is known.
    """
    table, _, texts = read_texts(path, options)
    columns = {column: table[column].to_pylist() for column in table.column_names}
    return [
        {**{column: values[place] for column, values in columns.items()}, "passage": text}
        for place, text in enumerate(texts)
    ]


def read_texts(
    path: Path, options: DataOptions | None = None, *, queries: bool = False
) -> tuple[pa.Table, str, list[str]]:
    """The table of a file, the column of its passages and their texts as `read_passages` finds them; or of its queries,
    which have no titles. Raises as `read_passages`."""
    from tunebook.data.cells import as_text
    from tunebook.data.external import refuse_lost_rows
    from tunebook.data.judged_columns import PASSAGE, QUERY, titled
    from tunebook.data.read import read

    source = read(path, options or DataOptions(), labelled=False)
    refuse_lost_rows(source)
    options = options or DataOptions()
    name = _column(source.table, path, options, QUERY if queries else PASSAGE)
    texts = [as_text(cell) or "" for cell in source.table[name].to_pylist()]
    if not has_titles(source.table, name, options, queries=queries):
        return source.table, name, texts
    titles = source.table["title"].to_pylist()
    return source.table, name, [titled(as_text(title), text) for title, text in zip(titles, texts, strict=True)]


def has_titles(table: pa.Table, name: str, options: DataOptions | None, *, queries: bool = False) -> bool:
    """Whether the passages of a column that nobody named have titles, which `read_texts` puts in front of them."""
    named = options is not None and options.text is not None
    return not queries and not named and name != "title" and "title" in table.column_names


def _column(table: pa.Table, path: Path, options: DataOptions, usual: tuple[str, ...]) -> str:
    """The column of the texts."""
    from tunebook.data.columns import is_text

    names: list[str] = table.column_names
    if options.text is not None:
        if options.text not in names:
            raise DataError("embed.column", key=str(path), value=options.text, allowed=" | ".join(names))
        return options.text
    like = [name for wanted in (*usual, *_NAMES) for name in names if name.strip().lower() == wanted]
    known = [name for name in like if is_text(table[name].type)]
    if not known and len(names) > 1:
        raise DataError("rerank.column", key=str(path), allowed=" | ".join(names))
    return known[0] if known else names[0]


__all__ = ["Ranked", "has_titles", "read_passages", "read_texts", "rerank"]
