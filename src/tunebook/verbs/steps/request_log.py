"""The request log of a book: where `[serve] log` of its book.toml says, else in its folder."""

from __future__ import annotations

from pathlib import Path

from tunebook.requests.log import RequestLog, open_log
from tunebook.verbs.steps.book import Book

SPOOL = "spool"


def request_log(book: Book) -> RequestLog:
    """The log, opened; a path in book.toml is seen from the book.

    Raises:
        MachineError: `machine.extra`. BookError: `requests.url`.
    """
    where = book.file.serve.log
    return open_log(where if "://" in where else book.path / where)


def spool_folder(book: Book) -> Path:
    """Where records wait that the log does not take."""
    return book.path / SPOOL


__all__ = ["SPOOL", "request_log", "spool_folder"]
