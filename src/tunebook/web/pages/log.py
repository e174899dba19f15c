"""The change log of a book: who did what, when and why, and whether it is what was written."""

from __future__ import annotations

import json
from collections.abc import Sequence

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.errors import BookError
from tunebook.knowledge.log import Entry
from tunebook.report.history import action_text, oddities
from tunebook.web.asked import Given
from tunebook.web.page import Page
from tunebook.web.parting import part_of

router = APIRouter()
PAGE = Page(router, "log", 70)


@router.get("/book/{name}/log")
def log(asked: Given, name: str) -> Response:
    """Its entries, newest first; those in which a text stands, or that somebody wrote."""
    from tunebook.verbs.abtest.binding import loosened

    book = asked.book(name)
    entries = book.log.entries()
    text, who = asked.query("q").strip(), asked.query("who")
    part = part_of(searched(entries, text, who)[::-1], asked.query("page"))
    return asked.book_page(
        "log.html.j2", name, "log", part=part, looser=loosened(entries), text=text, who=who,
        oddities=oddities, people=sorted({entry.actor for entry in entries if entry.actor}),
        champion=book.tables.champion,
    )  # fmt: skip


def searched(entries: Sequence[Entry], text: str, who: str) -> list[Entry]:
    """Entries of one person, with a text in their reason, their action, their version or their author."""
    wanted = text.casefold()

    def holds(entry: Entry) -> bool:
        said = [str(entry.reason), action_text(entry), entry.action, entry.actor, f"v{entry.table}"]
        return any(wanted in item.casefold() for item in said)

    return [entry for entry in entries if (not who or entry.actor == who) and (not wanted or holds(entry))]


@router.get("/book/{name}/log/chain")
def chain(asked: Given, name: str) -> Response:
    """Whether every entry is what was written: a look at the whole chain."""
    book = asked.book(name)
    check = book.log.verify()
    if asked.request.headers.get("hx-request") == "true":
        return asked.page("_chain.html.j2", name=name, book=book, check=check)
    return asked.book_page("chain.html.j2", name, "log", check=check)


@router.get("/book/{name}/log/{number}")
def entry(asked: Given, name: str, number: str) -> Response:
    """An entry with its evidence.

    Raises:
        BookError: `log_page.none`.
    """
    book = asked.book(name)
    found = [item for item in book.log.entries() if str(item.number) == number]
    if not found:
        raise BookError("log_page.none", key=number)
    evidence = json.dumps(found[0].evidence, indent=1, ensure_ascii=False)
    return asked.book_page("entry.html.j2", name, "log", entry=found[0], evidence=evidence)


__all__ = ["PAGE", "chain", "entry", "log", "router", "searched"]
