"""The request log of a book for as long as it is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tunebook.requests.log import RequestLog
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.request_log import request_log


@contextmanager
def opened(book: Book, log: RequestLog | None = None) -> Iterator[RequestLog]:
    """The log that is given, which stays open; else that of the book, which is closed at the end.

    Raises:
        MachineError: `machine.extra`. BookError: `requests.url`.
    """
    if log is not None:
        yield log
        return
    own = request_log(book)
    try:
        yield own
    finally:
        own.close()


__all__ = ["opened"]
