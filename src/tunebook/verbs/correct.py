"""Correct: labels put right -> the next version of a book's data, which is in force from then on."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tunebook.core.errors import BookError
from tunebook.core.folders import folder_of
from tunebook.core.locations import data_name
from tunebook.data.corrected import Corrected
from tunebook.data.corrected import corrected as write
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.book_data import adopt


@dataclass(frozen=True)
class Correction:
    """What was put right.

    Attributes:
        version: of the data that holds it; base: the one that it follows.
    """

    version: int
    base: int
    done: Corrected


def correct(
    book: Book, labels: Mapping[str, str], *, owner: str = "", reason: str = "", dry_run: bool = False
) -> Correction:
    """Make the next version of the data with these labels, and put it in force; the one before stays as it is.

    Args:
        labels: id of a row -> its label; an empty one drops the row. owner, reason: for the change log.
        dry_run: keep nothing.

    Raises:
        DataError: as `tunebook.data.corrected.corrected`. BookError: `correct.busy`, another one is being made.
    """
    from tunebook.report.rows import write_data_report

    base, number = book.file.data, max(book.data_versions) + 1
    if dry_run:
        with tempfile.TemporaryDirectory(dir=book.path, prefix=".correct-") as scratch:
            return Correction(number, base, write(book.data, labels, Path(scratch), number))
    path = book.path / data_name(number)
    busy = BookError("correct.busy", key=str(path))
    with folder_of(path, used=busy, busy=busy) as part:
        done = write(book.data, labels, part, number)
        write_data_report(part / "report.html", done.ref, book.path.resolve().name)
    adopt(book, number, owner, reason, "correct")
    return Correction(number, base, done)


__all__ = ["Correction", "correct"]
