"""The page of a run: watched live while it trains, stopped and taken up again, and what it has come to."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse

from tunebook.core.errors import RefusedError, TunebookError
from tunebook.report.named import apart, title_of
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.which_run import alone
from tunebook.web.asked import Asked, Given
from tunebook.web.jobs import Jobs
from tunebook.web.live import LIVE, Pace, job_of, news, said, standing
from tunebook.web.page import Page

router = APIRouter()
PAGE = Page(router, order=31)  # after the tab, whose addresses are found first
EVERY = 1.0  # seconds between two looks
_STYLE = re.compile(r' style="[^"]*"')
_QUIET = 15  # looks without news after which a line is sent all the same, so that a proxy keeps the connection


@router.get("/book/{name}/train/{run}")
def run(asked: Given, name: str, run: str) -> Response:
    """A run: what it is, where it stands, its curves, its report, and what comes next."""
    from tunebook.report.plan_words import plan_facts
    from tunebook.report.training import curve_plots

    book = asked.book(name)
    found = book.run(run)
    if found.id != run:
        return asked.go("book", name, "train", found.id)
    plan = found.plan
    return asked.book_page(
        "run.html.j2", name, "train", run=found, plan=plan, facts=plan_facts(plan), mark=news(found).mark,
        plots=[plain(plot) for plot in curve_plots(found.history, plan.params.metric, found.outcome.get("best_step"))],
        champion=book.tables.champion, title=title_of(found, book),
        apart=apart(found, book), **_view(asked, book, found),
    )  # fmt: skip


def plain(plot: Markup) -> Markup:
    """A plot without styles of its own, which a page of the server may not have."""
    return Markup(_STYLE.sub("", plot))


@router.get("/book/{name}/train/{run}/state")
def state(asked: Given, name: str, run: str) -> Response:
    """Where it stands, as a part of its page; the whole page is asked for again where that is another place by now."""
    book = asked.book(name)
    found = book.run(run)
    view = _view(asked, book, found)
    if asked.query("was") not in ("", _known(view)):
        return Response(headers={"hx-refresh": "true"})
    return asked.page("_run.html.j2", name=name, run=found, **view)


def _view(asked: Asked, book: Book, run: Run) -> dict[str, Any]:
    """What is shown of where a run stands."""
    jobs = asked.jobs(book)
    job, fault = job_of(run, jobs), None
    try:
        report = run.report
    except TunebookError as error:
        report, fault = None, error
    now = standing(run, jobs)
    answer = jobs.answer(job) if job is not None and now not in LIVE else None
    told = answer.get("error") if isinstance(answer, dict) else None
    if told and told["code"] == "run.interrupted":
        told = None
    working = job is not None and jobs.state(job) == "running"
    view = {"job": job, "ours": working, "arm": not alone(book.path, [run]), "report": report, "fault": fault}
    return {**view, "state": now, "live": now in LIVE, "told": told, "said": said(run, jobs)}


def _known(view: dict[str, Any]) -> str:
    """By which a page tells whether it shows what there is."""
    return f"{view['state']}-{'scored' if view['report'] else 'open'}"


@router.get("/book/{name}/train/{run}/events")
async def events(asked: Given, name: str, run: str) -> Response:
    """What happens, as server-sent events, from the last one that the browser has seen; once, as JSON, with `?once=1`.

    Nothing waits in a thread meanwhile: files are looked at once a second.
    """
    book = asked.book(name)
    found, jobs = book.run(run), asked.jobs(book)
    mark = asked.request.headers.get("last-event-id") or asked.query("after")
    pace = Pace(found.plan.estimate.steps)
    if asked.query("once"):
        return JSONResponse(await run_in_threadpool(look, found, jobs, mark, pace))
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(followed(found, jobs, mark, pace), media_type="text/event-stream", headers=headers)


def look(run: Run, jobs: Jobs, mark: str, pace: Pace) -> dict[str, Any]:
    """What is new of a run since a mark, and where it stands."""
    now = standing(run, jobs)  # first: what is logged after it ended is not missed
    found = news(run, mark)
    step = int(found.mark.rpartition("-")[2] or 0)
    told = said(run, jobs) or pace.text(step)
    return {
        "entries": found.entries, "again": found.again, "mark": found.mark, "state": now, "over": now not in LIVE,
        "step": step, "total": pace.total, "said": told,
    }  # fmt: skip


async def followed(run: Run, jobs: Jobs, mark: str, pace: Pace) -> AsyncIterator[str]:
    """A run's events, until it ends."""
    before, quiet = "", 0
    yield f"retry: {int(EVERY * 2000)}\n\n"
    while True:
        found = await run_in_threadpool(look, run, jobs, mark, pace)
        mark, text = found["mark"], json.dumps(found)
        quiet = 0 if text != before else quiet + 1
        if not quiet:
            yield f"id: {mark}\ndata: {text}\n\n"
        elif quiet % _QUIET == 0:
            yield ": still there\n\n"
        if found["over"]:
            return
        before = text
        await asyncio.sleep(EVERY)


@router.post("/book/{name}/train/{run}/stop")
def stop(asked: Given, name: str, run: str) -> Response:
    """Stop it as Ctrl-C does: it keeps what it has done.

    Raises:
        RefusedError: `train_page.elsewhere`, it was not begun on a page.
    """
    book = asked.book(name)
    found, jobs = book.run(run), asked.jobs(book)
    job = job_of(found, jobs)
    if standing(found, jobs) in LIVE and (job is None or not jobs.stop(job)):
        raise RefusedError("train_page.elsewhere", key=found.id)
    return asked.go("book", name, "train", found.id)


@router.post("/book/{name}/train/{run}/on")
def on(asked: Given, name: str, run: str) -> Response:
    """Go on where it stopped, by the command that its plan tells, whoever began it.

    Raises:
        RefusedError: `train_page.arm`, it belongs to a test, which goes on with it.
    """
    from tunebook.verbs.run_report import train_words

    book = asked.book(name)
    found, jobs = book.run(run), asked.jobs(book)
    if not alone(book.path, [found]):
        raise RefusedError("train_page.arm", key=found.id)
    if standing(found, jobs) not in LIVE and not found.finished:
        jobs.once(train_words(found, str(book.path)), asked.owner, found.plan_id)
    return asked.go("book", name, "train", found.id)


__all__ = ["EVERY", "PAGE", "events", "followed", "look", "on", "plain", "router", "run", "state", "stop"]
