"""Try it: a text, what two models say of it, and which of its words that hangs on."""

from __future__ import annotations

import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.errors import DataError, TunebookError
from tunebook.core.explains import Explains
from tunebook.core.locations import AUTO
from tunebook.core.registry import task_of
from tunebook.report.named import named, title_of
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.moved import rows_moved
from tunebook.web.asked import Given
from tunebook.web.page import Page
from tunebook.web.pages.errors import finished

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel
    from tunebook.verbs.steps.runs import Run

router = APIRouter()
PAGE = Page(router, "explain", 55)
_ONE_AT_A_TIME = threading.Lock()  # models are large: two of them in memory, and one at work
_MOST = 20_000  # characters of a text


@router.get("/book/{name}/explain")
def form(asked: Given, name: str) -> Response:
    """The form; what was asked stands below it."""
    return _page(asked, name, {}, [], None)


@router.post("/book/{name}/explain")
def answer(asked: Given, name: str) -> Response:
    """What the chosen models say."""
    given = {key: asked.text(key) for key in ("text", "pair", "a", "b", "why")}
    book = asked.book(name)
    try:
        for key in ("text", "pair"):
            if len(given[key]) > _MOST:
                raise DataError("explain_page.long", key=key, value=len(given[key]), allowed=f"<= {_MOST}")
        chosen = [book.run(given[key]) for key in ("a", "b") if given[key]] or [book.run(AUTO)]
        told = [_told(book, run, given) for run in dict.fromkeys(chosen)]
    except TunebookError as error:
        return _page(asked, name, given, [], error)
    return _page(asked, name, given, told, None)


def _page(
    asked: Given, name: str, given: dict[str, str], told: list[dict[str, Any]], fault: TunebookError | None
) -> Response:
    book = asked.book(name)
    runs = finished(book)
    first = given.get("a") or (book.run(AUTO).id if runs else "")
    explains = bool(runs) and isinstance(task_of(runs[0].plan.task)(), Explains)
    return asked.book_page(
        "explain.html.j2", name, "explain", status=422 if fault else 200, runs=named(runs, book), given=given,
        told=told, fault=fault, first=first, explains=explains, pairs=book.holds_pairs or book.holds_passages,
    )  # fmt: skip


def _told(book: Book, run: Run, given: dict[str, str]) -> dict[str, Any]:
    """What a run says of a text, and why where that was asked for."""
    from tunebook.verbs.predict import predict

    pair = given["pair"] or None
    with _ONE_AT_A_TIME:
        said = predict(run, [given["text"]], None if pair is None else [pair])[0]
        why = _why(run, given["text"], pair) if given["why"] else []
    task, told = task_of(run.plan.task)(), said.get("scores")
    scores = dict(sorted(told.items(), key=lambda item: -item[1])) if isinstance(told, dict) else {}
    known = {next(iter(said)), "score", "scores", "notes"}  # what comes first is the answer
    more = {key: value for key, value in said.items() if key not in known and value not in (None, "", [])}
    return {
        "run": run,
        "title": title_of(run, book),
        "moved": rows_moved(book, run),
        "label": task.in_full(said),
        "score": task.brief(said).score,
        "scores": scores,
        "more": more,
        "notes": said.get("notes") or [],
        "why": why,
    }


def _why(run: Run, text: str, pair: str | None) -> list[dict[str, Any]]:
    """The text with its words marked; nothing where the model says nothing of it, which is an answer too."""
    from tunebook.report.explain import notes, stretches
    from tunebook.verbs.explain import quick

    if not isinstance(task_of(run.plan.task)(), Explains):
        return []
    try:
        items = quick(_loaded(run.model), text, pair, run=run)
    except DataError as error:
        if error.code != "explain.nothing":
            raise
        return []
    return [
        {
            "title": item.said,  # its chance stands above it, with those of the other answers
            "notes": notes(item),
            "parts": [stretches(part.name, part.text, item.units) for part in item.parts],
        }
        for item in items
    ]


@lru_cache(maxsize=2)
def _loaded(model: Path) -> LoadedModel:
    """A model, kept for the next question."""
    from tunebook.engine.load import load_model
    from tunebook.verbs.steps.runs import Run

    run = Run(model.parent)
    return load_model(model, run.plan)


__all__ = ["PAGE", "answer", "form", "router"]
