"""Long commands of a book: what is at work, what was, and how it went; stop it, or run it again to go on."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.web.asked import Asked, Given
from tunebook.web.jobs import Job, Jobs
from tunebook.web.known import place_of
from tunebook.web.page import Page

router = APIRouter()
PAGE = Page(router, "work", 90)


@router.get("/book/{name}/work")
def work(asked: Given, name: str) -> Response:
    """All of them, newest first."""
    jobs = asked.jobs(asked.book(name))
    return asked.book_page("work.html.j2", name, "work", jobs=[(job, jobs.state(job)) for job in jobs.all()])


@router.get("/book/{name}/work/{number}")
def one(asked: Given, name: str, number: str) -> Response:
    """One of them; as a part of a page, for a browser that looks again and again."""
    jobs = asked.jobs(asked.book(name))
    return _told(asked, name, jobs, jobs.job(number))


@router.post("/book/{name}/stop/{number}")
def stop(asked: Given, name: str, number: str) -> Response:
    """Stop it, as Ctrl-C does."""
    jobs = asked.jobs(asked.book(name))
    jobs.stop(jobs.job(number))
    return asked.go("book", name, "work", number)


@router.post("/book/{name}/again/{number}")
def again(asked: Given, name: str, number: str) -> Response:
    """Run the same command again: what was stopped goes on."""
    jobs = asked.jobs(asked.book(name))
    before = jobs.job(number)
    job = jobs.once(before.words, asked.owner, before.about) if before.about else jobs.start(before.words, asked.owner)
    return asked.go("book", name, "work", job.number)


def _told(asked: Asked, name: str, jobs: Jobs, job: Job) -> Response:
    state, view = jobs.state(job), {"job": job, "said": jobs.said(job), "answer": jobs.answer(job)}
    view["place"] = place_of(job.words)
    if asked.request.headers.get("hx-request") == "true":
        return asked.page("_job.html.j2", name=name, state=state, **view)
    return asked.book_page("job.html.j2", name, "work", state=state, **view)


__all__ = ["PAGE", "again", "one", "router", "stop", "work"]
