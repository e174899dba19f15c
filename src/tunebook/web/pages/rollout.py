"""A rollout: where it stands, what speaks for it and against it, and the steps of a person's hand."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.errors import BookError, RefusedError, TunebookError
from tunebook.rollout.state import State, state
from tunebook.verbs.steps.book import Book
from tunebook.web.asked import Asked, Given
from tunebook.web.page import Page

router = APIRouter()
PAGE_FILE = "rollout.html"


def has_rollout(book: Book) -> bool:
    """Whether a run of this book was ever put in front of users."""
    with suppress(TunebookError):
        return bool(book.log.entries("rollout", last=1))
    return False


PAGE = Page(router, "rollout", 80, has_rollout)
FORCED = ("next", "finish")  # that may be done against what speaks for it


def _steps() -> dict[str, Callable[..., State]]:
    """What a person may do, by the name that it has in an address."""
    from tunebook.verbs.rollout import abort, back, finish, next_stage

    return {"next": next_stage, "finish": finish, "abort": abort, "back": back}


@router.get("/book/{name}/rollout")
def rollout(asked: Given, name: str) -> Response:
    """Where it stands; what cannot be looked at hides nothing else."""
    from tunebook.report.rollout import line
    from tunebook.verbs.rollout import history, status

    book = asked.book(name)
    view: dict[str, Any] = {"look": None, "problem": None, "lines": []}
    now = state(book)
    try:
        view["look"] = look = status(book)
        view["lines"] = [line(item) for item in look.evidence]
    except TunebookError as error:
        view["problem"] = error
    page = PAGE_FILE if (book.path / PAGE_FILE).is_file() else ""
    events = history(book)[::-1][:50]
    open_ones = _open(now)
    return asked.book_page(
        "rollout.html.j2", name, "rollout", now=now, events=events, page=page, steps=open_ones, **view
    )  # fmt: skip


def _open(now: State) -> list[str]:
    """What can be done from here."""
    if now.candidate is None:
        return ["back"] if now.before else []
    return ["finish" if now.last else "next", "abort", *([] if now.last else ["finish"])]


@router.get("/book/{name}/rollout/{step}")
def ask(asked: Given, name: str, step: str) -> Response:
    """A form that confirms a step."""
    book = asked.book(name)
    _known(step)
    return asked.book_page(
        "rollout_step.html.j2", name, "rollout", now=state(book), step=step, may_force=step in FORCED
    )


@router.post("/book/{name}/rollout/page")
def write(asked: Given, name: str) -> Response:
    """Write the page of the rollout, with its evidence over time.

    Raises:
        RefusedError: `rollout.no_page`. MachineError: the request log cannot be read.
    """
    from tunebook.verbs.rollout import page

    book = asked.book(name)
    page(book, book.path / PAGE_FILE)
    return asked.go("book", name, "rollout")


@router.post("/book/{name}/rollout/{step}")
def act(asked: Given, name: str, step: str) -> Response:
    """Do it.

    Raises:
        RefusedError: as the verbs say, and `rollout_page.moved`, it stands elsewhere than the form says.
        TunebookError: `rollout.reason`.
    """
    book = asked.book(name)
    _known(step)
    now = state(book)
    if asked.text("entry") != str(now.entry):
        raise RefusedError("rollout_page.moved", key=str(now.entry), value=asked.text("entry"))
    _steps()[step](book, **_by(asked, step))
    return asked.go("book", name, "rollout")


def _by(asked: Asked, step: str) -> dict[str, Any]:
    """Who does it, why, and whether against what speaks for it."""
    force = {"force": bool(asked.text("force"))} if step in FORCED else {}
    reason = asked.text("reason").strip()
    if not reason:
        raise TunebookError("rollout.reason", key="--reason")
    return {"actor": asked.owner, "reason": reason, **force}


def _known(step: str) -> None:
    if step not in _steps():
        raise BookError("ui.page", key=f"rollout/{step}")


__all__ = ["FORCED", "PAGE", "PAGE_FILE", "act", "ask", "has_rollout", "rollout", "router", "write"]
