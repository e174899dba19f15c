"""Monitor: figures of what a book's server was asked and answered, over the last hours."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pydantic import Field

from tunebook.core.errors import BookError, DataError
from tunebook.core.nouns import Record
from tunebook.requests.log import RequestLog
from tunebook.verbs.steps.book import Book
from tunebook.watch.course import Alarm, read_course
from tunebook.watch.figures import COLUMNS, Figures, figures
from tunebook.watch.opened import opened
from tunebook.watch.reference import folder_of

if TYPE_CHECKING:
    import pyarrow as pa


class Monitored(Record):
    """What a server did.

    Attributes:
        since, until: of the span, seconds since 1970; versions: of each version and role.
        alarms: of the drift that nobody has acknowledged.
    """

    since: float
    until: float
    versions: list[Figures]
    alarms: list[Alarm] = Field(default_factory=list)


def monitor(book: Book, *, log: RequestLog | None = None, hours: float = 24.0, now: float | None = None) -> Monitored:
    """Figures of the texts of the last hours, one record a version and role.

    Args:
        log: of requests; None takes that of the book. hours: 0 for all that is known.
        now: seconds since 1970; None for now.

    Raises:
        DataError: `watch.hours`. BookError: `watch.no_requests`, nothing was asked in that time.
    """
    if not 0 <= hours < float("inf"):
        raise DataError("watch.hours", key="--hours", value=hours, allowed="0 – …")
    until = time.time() if now is None else now
    since = until - hours * 3600 if hours else 0.0
    with opened(book, log) as asked:
        found: pa.Table = asked.answered(since, columns=COLUMNS)
    if not found.num_rows:
        raise BookError("watch.no_requests", key=str(book.path), value=hours)
    course = read_course(folder_of(book.path))
    return Monitored(
        since=since or float(found["at"][0].as_py()),
        until=until,
        versions=figures(found),
        alarms=course.open(course.short[-1].run) if course.short else [],
    )


__all__ = ["Monitored", "monitor"]
