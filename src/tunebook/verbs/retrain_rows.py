"""Where a retraining gets its rows, and the run that it is held against."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from tunebook.core.errors import TunebookError
from tunebook.core.files import part_of
from tunebook.core.nouns import DataRef
from tunebook.data.load import load_table
from tunebook.data.split import found_in, text_keys
from tunebook.requests.export import labelled
from tunebook.rollout.state import state
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.request_log import request_log
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.which_run import alone


def log_file(book: Book, base: DataRef, path: Path) -> tuple[Path | None, int]:
    """The labelled texts of the request log as a file of rows, and how many have a label that the book lacks.

    Returns:
        the file, None where there is no row for it.
    """
    log = request_log(book)
    try:
        table = labelled(log)
    finally:
        log.close()
    names, roles = set(base.labels.names), base.roles
    rows = [row for row in table.to_pylist() if not names or row["label"] in names]
    unknown = table.num_rows - len(rows)
    if not rows:
        return None, unknown
    columns = {roles.text: [row["text"] for row in rows], str(roles.label): [row["label"] for row in rows]}
    columns |= {roles.text_pair: [row["pair"] for row in rows]} if roles.text_pair else {}
    columns |= {"request": [f"{row['request']}/{row['number']}" for row in rows]}
    with part_of(path) as part:
        parquet.write_table(pa.table(columns), part)
    return path, unknown


def new_labels(book: Book) -> int:
    """Texts of the request log whose true label came back and that the data in force does not hold yet.

    Raises:
        BookError, MachineError: the log cannot be read.
    """
    log = request_log(book)
    try:
        found = labelled(log)
    finally:
        log.close()
    if not found.num_rows:
        return 0
    base = load_table(book.data)
    pairs = base["pair"] if "pair" in base.column_names else None
    ours = text_keys(found["text"].cast("large_string"), found["pair"].cast("large_string") if pairs else None)
    known: int = len(found_in(ours, text_keys(base["text"], pairs)))
    return int(found.num_rows) - known


def live_run(book: Book) -> Run:
    """The run that answers users, else the champion's on the rows in force.

    Raises:
        BookError: `book.champion_run`, there is none.
    """
    if (name := state(book).live) is not None:
        return book.run(name)
    content, values = book.data.content, book.champion.values_id
    found = []
    for run in book.runs:
        with suppress(TunebookError):  # a damaged one
            if run.finished and (run.plan.data, run.plan.table) == (content, values):
                found.append(run)
    return (alone(book.path, found) or found or [book.run("champion")])[-1]


__all__ = ["live_run", "log_file", "new_labels"]
