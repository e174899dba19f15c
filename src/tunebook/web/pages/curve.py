"""The learning curve of a book: what more rows would bring, drawn by a command whose cost is told before."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.errors import TunebookError
from tunebook.verbs.steps.book import Book
from tunebook.web.asked import Asked, Given
from tunebook.web.fields import Field, Typed, typed_in, values_of, words_of
from tunebook.web.page import Page

router = APIRouter()
PAGE = Page(router)
FIELDS = (
    Field("--table", "curve_table", "choice"),
    Field("--target", "curve_target", hint="90%"),
    Field("--frozen", "curve_frozen", "switch"),
    Field("--sizes", "curve_sizes", hint="500,1000,2000", rare=True),
    Field("--seeds", "curve_seeds", hint="3", rare=True),
    Field("--metric", "curve_metric", "choice", rare=True),
    Field("--budget", "curve_budget", rare=True),
    Field("--allow-unknown-tokens", "allow_unknown_tokens", "switch", rare=True),
)


@router.get("/book/{name}/data/curve")
def curve(asked: Given, name: str) -> Response:
    """The newest curve, and a form for one; with what that costs, once it was filled in."""
    book, typed = asked.book(name), typed_in(FIELDS, asked.query)
    view: dict[str, Any] = {"problem": None, "cost": None}
    if asked.query("look"):
        try:
            view["cost"] = _cost(book, typed)
        except TunebookError as error:
            view["problem"] = error
    status = 422 if view["problem"] else 200
    return asked.book_page(
        "curve.html.j2", name, "data", status=status, fields=FIELDS, given=typed, choices=_choices(book),
        words=words(book, typed), **_drawn(asked, book), **view,
    )  # fmt: skip


def words(book: Book, typed: Typed) -> list[object]:
    """The command that draws it, without `tunebook`."""
    return ["curve", book.path, *words_of(FIELDS, typed)]


def _cost(book: Book, typed: Typed) -> dict[str, Any]:
    from tunebook.verbs.curve import cost
    from tunebook.verbs.curve_words import begins, cost_lines
    from tunebook.verbs.typed_curve import typed_curve

    said = values_of(FIELDS, typed)
    allow = frozenset({"unknown_tokens"} if said.pop("allow_unknown_tokens", False) else ())
    found = cost(book, said.pop("table", "champion"), typed_curve(said, allow))
    headings, lines = cost_lines(found)
    return {"curve": found.curve, "says": begins(found, book.path / "runs"), "headings": headings, "lines": lines}


def _choices(book: Book) -> dict[str, list[tuple[str, str]]]:
    from tunebook.core.formatting import metric_name
    from tunebook.core.messages import say
    from tunebook.core.registry import task_of

    versions = [f"v{number}" for number in reversed(book.tables.versions())]
    judges = task_of(book.data.task)().judges(book.data.labels)
    return {
        "table": [("", say("cli.champion")), *((version, version) for version in versions)],
        "metric": [("", "–"), *((key, metric_name(key)) for key in judges)],
    }


def _drawn(asked: Asked, book: Book) -> dict[str, Any]:
    """What the newest curve says, and where its page lies; and the command that draws one now."""
    from tunebook.report.curve import answer, doubts, kind_of
    from tunebook.verbs.curve import FOLDER, read_curve
    from tunebook.verbs.curve import PAGE as REPORT

    jobs = asked.jobs(book)
    working = [job for job in jobs.running() if job.words[0] == "curve" and "--next" not in job.words]
    found = read_curve(book)
    if found is None:
        return {"found": None, "working": working}
    path = f"{FOLDER}/{found.curve}/{REPORT}"
    return {
        "found": found, "working": working, "answer": answer(found), "kind": kind_of(found), "doubts": doubts(found),
        "path": path if (book.path / path).is_file() else "",
    }  # fmt: skip


@router.post("/book/{name}/data/curve")
def draw(asked: Given, name: str) -> Response:
    """Begin to draw a curve; one that is being drawn is shown."""
    book, typed = asked.book(name), typed_in(FIELDS, asked.text)
    cost = _cost(book, typed)
    job = asked.jobs(book).once(words(book, typed), asked.owner, f"curve {cost['curve']}")
    return asked.go("book", name, "work", job.number)


__all__ = ["FIELDS", "PAGE", "curve", "draw", "router", "words"]
