"""Which version of a book's rows is in force, and making another one so."""

from __future__ import annotations

import re
from typing import Any

from tunebook.core.errors import BookError
from tunebook.core.files import write_whole
from tunebook.core.locations import BOOK_FILE
from tunebook.core.nouns import DataRef
from tunebook.knowledge.log import Action
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.runs import Run

_LINE = re.compile(r"^data[ \t]*=.*$", re.MULTILINE)


def in_force(book: Book, content: str) -> tuple[int, DataRef]:
    """The newer of two versions: the one of book.toml, and the one whose rows have this hash, such as those of the run
    in service."""
    versions = book.data_versions
    found = max([book.file.data, *(number for number, ref in versions.items() if ref.content == content)])
    return found, versions[found]


def adopt(book: Book, version: int, actor: str = "", reason: str = "", action: Action = "adopt") -> Book:
    """Write into book.toml that a version is in force, for whoever trains or tests from now on, and log it.

    The rest of the file stays as it is, with its comments. A challenger that was proven on it is an arm no longer:
    among the champion's runs on these rows it is the one that answers.

    Args:
        action: as which it is logged.

    Raises:
        BookError: `retrain.version`, there is no such version; `book.write`.
    """
    known = book.data_versions
    if version not in known:
        allowed = " | ".join(f"v{number}" for number in known)
        raise BookError("retrain.version", key="--adopt", value=f"v{version}", allowed=allowed)
    path, before = book.path / BOOK_FILE, book.file.data
    text = path.read_text(encoding="utf-8")
    head, mark, rest = text.partition("\n[")
    line = f"data = {version}"
    head = _LINE.sub(line, head) if _LINE.search(head) else f"{head.rstrip()}\n{line}\n"
    try:
        write_whole(path, head + mark + rest)
    except OSError as error:
        raise BookError("book.write", key="book", value=str(book.path), reason=str(error)) from error
    for run in _proven(book, version):
        run.as_own()
    evidence = {"event": "adopt", "data": version, "before": before, "content": known[version].content}
    book.log.append(action, actor=actor, reason=reason, evidence=evidence)
    return open_book(book.path)


def _proven(book: Book, version: int) -> list[Run]:
    """The challenger of the newest verdict on a version, if it was proven."""
    told = [entry.evidence for entry in book.log.entries("retrain") if entry.evidence.get("event") == "verdict"]
    last: dict[str, Any] = next((item for item in reversed(told) if item.get("data") == version), {})
    if last.get("verdict") != "PROMOTE":
        return []
    return [run for run in book.runs if run.id == last.get("challenger")]


__all__ = ["adopt", "in_force"]
