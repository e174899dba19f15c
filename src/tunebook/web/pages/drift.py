"""Drift: the days on which new rows were looked at, the alarms that are open, and a word that they are known."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.verbs.steps.book import Book
from tunebook.watch.course import read_course
from tunebook.watch.reference import folder_of
from tunebook.web.asked import Given
from tunebook.web.page import Page
from tunebook.web.parting import part_of

router = APIRouter()


def days_of(book: Book) -> list[str]:
    """The pages of the days, by their names, the newest first."""
    return sorted((path.stem for path in folder_of(book.path).glob("*.html")), reverse=True)


def has_days(book: Book) -> bool:
    """Whether anything was ever looked at."""
    return any(folder_of(book.path).glob("*.html"))


PAGE = Page(router, "drift", 85, has_days)


@router.get("/book/{name}/drift")
def drift(asked: Given, name: str) -> Response:
    """The page of a day, the open alarms, and the other days."""
    from tunebook.watch.posting import sentence

    book = asked.book(name)
    days, folder = days_of(book), folder_of(book.path)
    chosen = asked.query("day")
    day = chosen if chosen in days else (days[0] if days else "")
    alarms = [alarm for alarm in read_course(folder).alarms if not alarm.acknowledged and not alarm.over]
    return asked.book_page(
        "drift.html.j2", name, "drift", day=day, part=part_of(days, asked.query("page")), folder=folder.name,
        alarms=[(alarm, sentence(alarm)) for alarm in alarms],
    )  # fmt: skip


@router.post("/book/{name}/drift/ack")
def ack(asked: Given, name: str) -> Response:
    """Say that all open alarms are known.

    Raises:
        BookError: `watch.busy`.
    """
    from tunebook.verbs.drift import acknowledge

    acknowledge(asked.book(name), asked.owner)
    return asked.go("book", name, "drift")


@router.post("/book/{name}/drift")
def look(asked: Given, name: str) -> Response:
    """Look at what was asked since the last look, as a command of its own."""
    book = asked.book(name)
    job = asked.jobs(book).once(["drift", book.path], asked.owner, "drift")
    return asked.go("book", name, "work", job.number)


__all__ = ["PAGE", "ack", "days_of", "drift", "has_days", "look", "router"]
