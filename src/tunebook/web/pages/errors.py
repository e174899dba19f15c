"""Errors of a run: what was diagnosed, challenged and explained of it, and the commands that do so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.errors import DataError
from tunebook.core.locations import AUTO
from tunebook.core.nouns import Split
from tunebook.report.named import named, title_of
from tunebook.verbs.steps.moved import rows_moved
from tunebook.web.asked import Given
from tunebook.web.fields import Field, Typed, typed_in
from tunebook.web.fields import words_of as fields_words
from tunebook.web.page import Page

if TYPE_CHECKING:
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.runs import Run

router = APIRouter()
PAGE = Page(router, "errors", 50)
SPLIT: Split = "validation"  # looking at test rows wears them out: that is for the command line
MOST = 50  # rows that one looks at in one go


@dataclass(frozen=True)
class Work:
    """What can be begun of a run.

    Attributes:
        report: that it writes; fields: its options; usual: what holds where nothing is typed.
    """

    verb: str
    report: str
    fields: tuple[Field, ...] = ()
    usual: Mapping[str, str] = field(default_factory=dict)


_HOW = (Field("--method", "explain_method", "choice"), Field("--by", "explain_by", "choice"))
WORK: Mapping[str, Work] = {
    "errors": Work("errors", "errors.html"),
    "challenge": Work(
        "challenge",
        "challenge.html",
        (
            Field("--only", "challenge_only", hint="typos,casing"),
            Field("--sentiment", "challenge_sentiment", "lines", hint="positive=good"),
            Field("--limit", "challenge_limit", hint="500"),
            Field("--attack", "challenge_attack", hint="0"),
            Field("--set", "challenge_set", "lines", hint="typos.share=0.3", rare=True),
            Field("--rows", "challenge_rows", "lines", hint="own.csv", rare=True),
            Field("--templates", "challenge_templates", "lines", hint="own.toml", rare=True),
            Field("--seed", "challenge_seed", hint="0", rare=True),
            Field("--freeze", "challenge_freeze", hint="base", rare=True),
            Field("--margin", "challenge_margin", hint="5pt", rare=True),
            Field("--gate", "challenge_gate", "switch", rare=True),
        ),
    ),
    "explain": Work(
        "explain", "explain-errors.html", (Field("--errors", "explain_errors", hint="10"), *_HOW), {"errors": "10"}
    ),
    "faithful": Work(
        "explain",
        "explain-faithful.html",
        (Field("--faithful", "explain_faithful", hint="100"), *_HOW),
        {"faithful": "100"},
    ),
}
_OPTIONAL = [key for key, work in WORK.items() if work.fields]


@router.get("/book/{name}/errors")
def errors(asked: Given, name: str) -> Response:
    """What is known of a run's errors."""
    book = asked.book(name)
    runs = finished(book)
    run = book.run(asked.query("run") or AUTO) if runs else None
    return asked.book_page(
        "errors.html.j2", name, "errors", runs=named(runs, book), run=run, **_known(book, run), optional=_OPTIONAL
    )


def finished(book: Book) -> list[Run]:
    """Runs with a model, newest first."""
    return [run for run in book.runs[::-1] if run.finished and run.has_model]


def _known(book: Book, run: Run | None) -> dict[str, Any]:
    """Reports that are there, ids of suspected labels, and what can be begun."""
    if run is None:
        return {"reports": [], "suspects": [], "suspected": 0, "looked_at": "", "lines": {}, "moved": []}
    from tunebook.web.suspects import suspects

    folder = run.results(SPLIT)
    there = [
        (key, (folder / work.report).relative_to(book.path))
        for key, work in WORK.items()
        if (folder / work.report).is_file()
    ]
    doubted = list(suspects(book, run))
    return {
        "reports": [(key, path.as_posix()) for key, path in there],
        "suspects": doubted[:MOST],
        "suspected": len(doubted),
        "looked_at": urlencode([("run", run.id), *(("ids", row) for row in doubted[:MOST])]),
        "lines": {key: words_of(book, run, key) for key in WORK},
        "moved": rows_moved(book, run),
    }


def words_of(book: Book, run: Run, key: str, typed: Typed | None = None) -> list[str]:
    """The command of a piece of work."""
    work = WORK[key]
    said = {**work.usual, **{name: text for name, text in (typed or {}).items() if text}}
    return [work.verb, str(book.path), *fields_words(work.fields, said), "--run", run.id]


@router.get("/book/{name}/errors/{work}")
def new(asked: Given, name: str, work: str) -> Response:
    """A form with the options of a piece of work."""
    from tunebook.challenge.perturbation import perturbations
    from tunebook.core.formatting import phrase
    from tunebook.explain.method import methods
    from tunebook.explain.units import BY

    book, run = asked.book(name), asked.book(name).run(asked.query("run") or AUTO)
    found = _work(work)
    choices = {
        "method": [("", "–"), *((key, key) for key in methods())],
        "by": [("", "–"), *((key, key) for key in BY)],
        "only": [(key, phrase("challenge.kind", key)) for key in perturbations()],
    }
    return asked.book_page(
        "errors_new.html.j2", name, "errors", run=run, title=title_of(run, book), work=work, fields=found.fields,
        choices=choices, words=words_of(book, run, work),
    )  # fmt: skip


def _work(key: str) -> Work:
    if key not in WORK:
        raise DataError("errors_page.work", key="work", value=key, allowed=" | ".join(WORK))
    return WORK[key]


@router.post("/book/{name}/errors")
def begin(asked: Given, name: str) -> Response:
    """Begin a piece of work; one that is under way is shown."""
    book, key = asked.book(name), asked.text("work")
    typed = typed_in(_work(key).fields, asked.text)
    run = book.run(asked.text("run") or AUTO)
    job = asked.jobs(book).once(words_of(book, run, key, typed), asked.owner, f"{key} {run.id}")
    return asked.go("book", name, "work", job.number)


__all__ = ["MOST", "PAGE", "SPLIT", "WORK", "Work", "begin", "errors", "finished", "new", "router", "words_of"]
