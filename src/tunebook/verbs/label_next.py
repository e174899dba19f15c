"""Label next: of a file of unlabelled rows, those that would teach a run's model most, as a CSV for whoever labels."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tunebook.core.errors import DataError, PlanError
from tunebook.core.formatting import score_text
from tunebook.core.messages import say
from tunebook.core.nouns import DataRef, Record
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.task import Rows
from tunebook.data.external import external_table
from tunebook.data.load import load, load_table, to_rows
from tunebook.data.split import found_in, text_keys
from tunebook.stats.next_rows import badge, blame, covering
from tunebook.tables.files import publish
from tunebook.verbs.read_rows import HowNext, Read, read_rows, sort_of
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.data.external import External

ROWS, WAY = 100, "badge"
_KNOWN = 20_000  # labelled rows that others may be far from
Array = NDArray[Any]


@dataclass(frozen=True)
class NextOptions:
    """Which rows are chosen.

    Attributes:
        run: whose model reads them; None takes the one that answers.
        rows: how many.
        by: `uncertainty`, those that the model is least sure of; `diversity`, those farthest from all labelled rows and
            from each other; `badge`, both at once; `random`, to hold the others against.
        seed: of what is drawn.
    """

    run: Run | None = None
    rows: int = ROWS
    by: str = WAY
    seed: int = 0


class NextRows(Record):
    """What was written.

    Attributes:
        path: of the CSV; run: whose model chose; by: how.
        rows: that were chosen; given: in the file; left: that there were to choose from.
        empty, repeated: rows of the file without a text, and that repeat an earlier one; labelled, held_out: that the
            book has among its training rows, and among its validation and test rows.
        numbers: of the chosen rows in the file, in their order.
    """

    path: str
    run: str
    by: HowNext
    seed: int
    rows: int
    given: int
    left: int
    empty: int = 0
    repeated: int = 0
    labelled: int = 0
    held_out: int = 0
    numbers: list[int]


def label_next(
    book: Book,
    file: Path,
    into: Path,
    options: NextOptions | None = None,
    *,
    progress: Progress | None = None,
) -> NextRows:
    """Choose rows to label, and write them with what the model says of each, why it was chosen, and a column for the
    label that is empty. No row that the book has is among them, and none twice.

    Args:
        file: rows with the book's columns of texts. into: a new CSV; nothing is overwritten.

    Raises:
        PlanError: `label_next.task`, the task's answers say nothing of the kind; `label_next.badge`, tags have no such
            gradient; `label_next.head`, the model has no last layer that is known; `label_next.option`.
        DataError: `label_next.nothing`, the book has all rows of the file; `label_next.exists`; as `external_table`.
            RunError: the run has not finished.
    """
    options = options or NextOptions()
    used = options.run or book.run()
    by = _checked(options, used, into)
    found = external_table(book.data, file, labelled=False)
    places, counts = fresh(book.data, found.table)
    if not len(places):
        raise DataError("label_next.nothing", key=str(file), value=found.table.num_rows)
    given = to_rows(found.table.take(pa.array(places)), book.data.labels)
    read = read_rows(used, given, progress)
    random, known = np.random.default_rng(options.seed), _known(used, by, book.data, progress)
    chosen, reasons, scores = _chosen(read, min(options.rows, len(places)), by, random, known)
    lines = _lines(book.data, read, given, chosen, found, places)
    ends = [
        {**line, "score": f"{score:.4f}", "reason": why}
        for line, score, why in zip(lines, scores, reasons, strict=True)
    ]
    try:
        publish(into, _csv(ends))
    except FileExistsError as error:
        raise DataError("label_next.exists", key=str(into)) from error
    return NextRows(
        path=str(into),
        run=used.id,
        by=by,
        seed=options.seed,
        rows=len(chosen),
        given=found.table.num_rows,
        left=len(places),
        numbers=[int(found.numbers[places[place]]) for place in chosen],
        **counts,
    )


def _checked(options: NextOptions, run: Run, into: Path) -> HowNext:
    """How rows are chosen, after everything that can be refused before a long file is read."""
    ways, plan = get_args(HowNext), run.plan
    for name, value, fits, allowed in (
        ("--by", options.by, options.by in ways, " | ".join(ways)),
        ("--rows", options.rows, options.rows >= 1, "1 – …"),
        ("--seed", options.seed, options.seed >= 0, "0 – …"),
        ("--into", str(into), into.suffix.lower() == ".csv", "next.csv"),
    ):
        if not fits:
            raise PlanError("label_next.option", key=name, value=value, allowed=allowed)
    sort = sort_of(task_of(plan.task)(), plan.labels)
    if sort is None:
        raise PlanError("label_next.task", key="task", value=plan.task)
    if sort == "tokens" and options.by == "badge":
        raise PlanError("label_next.badge", key="--by", value=options.by, allowed="uncertainty | diversity | random")
    if into.exists():
        raise DataError("label_next.exists", key=str(into))
    _ = run.model
    return cast(HowNext, options.by)


def fresh(data: DataRef, table: pa.Table) -> tuple[Array, dict[str, int]]:
    """Places of the rows with a text that stand neither before in the table nor anywhere in the book, and how many are
    left out for which reason."""
    known, pairs = load_table(data), "pair" in table.column_names
    keys = text_keys(_column(table, "text"), _column(table, "pair") if pairs else None)
    blank = np.array([not str(text or "").strip() for text in table["text"].to_pylist()], dtype=bool)
    first = np.zeros(len(keys), dtype=bool)
    first[np.unique(keys, return_index=True)[1]] = True
    theirs = text_keys(_column(known, "text"), _column(known, "pair") if pairs else None)
    train = known["_split"].to_numpy(zero_copy_only=False) == "train"
    held = np.isin(np.arange(len(keys)), found_in(keys, theirs[~train]))
    labelled = np.isin(np.arange(len(keys)), found_in(keys, theirs[train])) & ~held
    left = first & ~blank & ~held & ~labelled
    counts = {
        "empty": int(blank.sum()),
        "repeated": int((~first & ~blank & ~held & ~labelled).sum()),
        "labelled": int((labelled & ~blank).sum()),
        "held_out": int((held & ~blank).sum()),
    }
    return np.flatnonzero(left), counts


def _column(table: pa.Table, name: str) -> pa.ChunkedArray:
    return table[name].cast(pa.large_string())


def _known(run: Run, by: HowNext, data: DataRef, progress: Progress | None) -> Array | None:
    """What the model makes of the labelled rows, where others are to be far from them."""
    if by != "diversity":
        return None
    train = load(data, "train")
    if len(train) > _KNOWN:
        train = train.at(np.sort(np.random.default_rng(0).permutation(len(train))[:_KNOWN]).tolist())
    return _vectors(read_rows(run, train, progress), by)


def _vectors(read: Read, by: HowNext) -> Array:
    if read.vectors is None:
        raise PlanError("label_next.head", key="--by", value=by, allowed="uncertainty | random")
    return read.vectors


def _chosen(
    read: Read, count: int, by: HowNext, random: np.random.Generator, known: Array | None
) -> tuple[Array, list[str], Array]:
    """Places of the chosen rows, why each was, and its score."""
    if by == "random":
        chosen = random.permutation(len(read.sure))[:count]
        return chosen, [say("label_next.random")] * count, 1 - read.sure[chosen]
    if by == "uncertainty":
        chosen = np.argsort(read.sure, kind="stable")[:count]
        return chosen, [read.doubt(place) for place in chosen], 1 - read.sure[chosen]
    if by == "diversity":
        assert known is not None
        chosen, far = covering(_vectors(read, by), known, count)
        return chosen, [say("label_next.far", distance=score_text(float(distance))) for distance in far], far
    assert read.chances is not None
    chosen, far = badge(blame(read.chances, several=read.several), _vectors(read, by), count, random)
    unlike = ["", *[f"; {say('label_next.unlike')}"] * (count - 1)]
    return chosen, [f"{read.doubt(place)}{more}" for place, more in zip(chosen, unlike, strict=True)], np.sqrt(far)


def _lines(
    data: DataRef, read: Read, given: Rows, chosen: Array, found: External, places: Array
) -> list[dict[str, Any]]:
    """The columns of the CSV that come before score and reason."""
    roles, lines = data.roles, []
    for place in chosen.tolist():
        line: dict[str, Any] = {"row": int(found.numbers[places[place]]), roles.text: given.texts[place]}
        if given.pairs is not None and roles.text_pair:
            line[roles.text_pair] = given.pairs[place]
        lines.append({**line, str(roles.label): "", _free("suggestion", line): read.said[place]})
    return lines


def _free(name: str, line: dict[str, Any]) -> str:
    while name in line:
        name = f"predicted_{name}"
    return name


def _csv(lines: Sequence[dict[str, Any]]) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return stream.getvalue().encode("utf-8-sig")


__all__ = ["ROWS", "WAY", "NextOptions", "NextRows", "fresh", "label_next"]
