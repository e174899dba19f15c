"""A search over rows of a table: what it varies and how far it goes, begun as a command of its own."""

from __future__ import annotations

from typing import get_args

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.messages import say
from tunebook.verbs.search import Prune, Sampler
from tunebook.verbs.steps.book import Book
from tunebook.web.asked import Given
from tunebook.web.fields import Field, Typed, typed_in, words_of
from tunebook.web.page import Page

router = APIRouter()
PAGE = Page(router)
FIELDS = (
    Field("--table", "table_version", "choice"),
    Field("--rows", "search_rows", hint="learning_rate,max_epochs"),
    Field("--range", "search_range", "lines", hint="learning_rate=1e-5..1e-4"),
    Field("--runs", "search_runs", hint="20"),
    Field("--minutes", "search_minutes"),
    Field("--seeds", "search_seeds", hint="1", rare=True),
    Field("--prune", "search_prune", "choice", rare=True),
    Field("--sampler", "search_sampler", "choice", rare=True),
    Field("--allow-unknown-tokens", "allow_unknown_tokens", "switch", rare=True),
)


@router.get("/book/{name}/tables-search")
def form(asked: Given, name: str) -> Response:
    """The form."""
    book = asked.book(name)
    versions = [(f"v{number}", f"v{number}") for number in reversed(book.tables.versions())]
    choices = {
        "table": [("", say("cli.champion")), *versions],
        "prune": [("", "–"), *((key, key) for key in get_args(Prune))],
        "sampler": [("", "–"), *((key, key) for key in get_args(Sampler))],
    }
    return asked.book_page("search.html.j2", name, "tables", fields=FIELDS, choices=choices, words=words(book, {}))


def words(book: Book, typed: Typed) -> list[object]:
    """The command that searches, without `tunebook`."""
    return ["table", "search", book.path, *words_of(FIELDS, typed)]


@router.post("/book/{name}/tables-search")
def begin(asked: Given, name: str) -> Response:
    """Begin the search; one that is at work is shown."""
    book = asked.book(name)
    line = words(book, typed_in(FIELDS, asked.text))
    job = asked.jobs(book).once(line, asked.owner, "search")
    return asked.go("book", name, "work", job.number)


__all__ = ["FIELDS", "PAGE", "begin", "form", "router", "words"]
