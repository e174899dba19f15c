"""Promotion and rollback: weighed first, confirmed with a reason, refused where the champion has changed meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.errors import RefusedError, TunebookError
from tunebook.knowledge.log import CROWNING
from tunebook.verbs.steps.book import Book
from tunebook.web.asked import Asked, Given
from tunebook.web.page import Page

if TYPE_CHECKING:
    from tunebook.verbs.promote import Promotion

router = APIRouter()
PAGE = Page(router)


@router.get("/book/{name}/promote/{version}")
def promote(asked: Given, name: str, version: str) -> Response:
    """What speaks for a promotion and against it, and a form to confirm it."""
    from tunebook.verbs.promote import weigh

    book = asked.book(name)
    table = book.tables.get(version)
    view: dict[str, Any] = {"problem": None, "trial": []}
    try:
        view["trial"] = _trial(book, weigh(book, table.version))
    except TunebookError as error:
        view["problem"] = error
    champion = book.tables.champion
    return asked.book_page("promote.html.j2", name, "log", table=table, champion=champion, **view)


def _trial(book: Book, promotion: Promotion) -> list[tuple[str, str]]:
    """What the last proof of a promotion takes, and what it could see."""
    from tunebook.core.formatting import amount, number
    from tunebook.core.messages import say
    from tunebook.report.plan_words import time_text
    from tunebook.verbs.steps.pace import pace_of

    trial = promotion.trial
    if trial is None:
        return []
    facts = [
        (say("ab_page.seeds"), ", ".join(map(str, trial.seeds))),
        (say("ab_page.runs"), f"{trial.missing} / {2 * len(trial.seeds)}"),
        (say("ab_page.takes"), time_text(trial.seconds, pace_of(book.path / "runs"))),
        (say("log_page.test_rows"), number(len(trial.exam.rows))),
        (say("log_page.gain"), amount(trial.gain, trial.metric)),
    ]
    return [*facts, *([(say("log_page.least"), amount(trial.least, trial.metric))] if trial.least is not None else [])]


@router.post("/book/{name}/promote/{version}")
def confirm(asked: Given, name: str, version: str) -> Response:
    """Promote: with proof as a command of its own, for that trains; without, marked for good, at once.

    Raises:
        RefusedError: as `tunebook.promote`, and `log_page.moved`, the champion is another than the form was made for.
        TunebookError: `promote.reason`.
    """
    from tunebook.verbs.promote import promote as act
    from tunebook.verbs.promote import weigh

    book = asked.book(name)
    reason = _confirmed(asked, book)
    table = book.tables.get(version)
    if asked.text("force"):
        act(book, table.version, actor=asked.owner, reason=reason, force=True)
        return asked.go("book", name, "log")
    weigh(book, table.version, actor=asked.owner, reason=reason)
    words = ["promote", book.path, f"v{table.version}", f"--reason={reason}", f"--owner={asked.owner}"]
    job = asked.jobs(book).once(words, asked.owner, f"promote-v{table.version}")
    return asked.go("book", name, "work", job.number)


def _confirmed(asked: Asked, book: Book) -> str:
    """The reason of a form, which was made while the present champion was in force."""
    champion = book.tables.champion
    present = "" if champion is None else f"v{champion}"
    if asked.text("champion") != present:
        raise RefusedError("log_page.moved", key=present or "–", value=asked.text("champion") or "–")
    reason = asked.text("reason").strip()
    if not reason:
        raise TunebookError("promote.reason", key="--reason")
    return reason


@router.get("/book/{name}/rollback")
def rollback(asked: Given, name: str) -> Response:
    """To which table one may go back."""
    from tunebook.verbs.promote import reign

    book = asked.book(name)
    crowned = book.log.entries(*CROWNING)
    champion, line = book.tables.champion, reign(crowned)
    former = sorted({entry.table for entry in crowned if entry.table and entry.table != champion}, reverse=True)
    before = line[-2] if len(line) > 1 else None
    return asked.book_page("rollback.html.j2", name, "log", champion=champion, former=former, before=before)


@router.post("/book/{name}/rollback")
def back(asked: Given, name: str) -> Response:
    """Bring a former champion back.

    Raises:
        RefusedError: as `tunebook.rollback`, and `log_page.moved`. TunebookError: `promote.reason`.
    """
    from tunebook.verbs.promote import rollback as act

    book = asked.book(name)
    reason = _confirmed(asked, book)
    act(book, to=asked.text("to") or None, actor=asked.owner, reason=reason)
    return asked.go("book", name, "log")


__all__ = ["PAGE", "back", "confirm", "promote", "rollback", "router"]
