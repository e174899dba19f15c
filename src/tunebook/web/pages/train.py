"""Trainings of a book: all runs, and a new one, with what it costs told before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.changes import read_changes
from tunebook.core.errors import TunebookError
from tunebook.core.files import text_lines
from tunebook.verbs.runs import known_runs
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.chosen import changed_table, overruled
from tunebook.verbs.steps.pace import pace_of
from tunebook.verbs.steps.runs import Run, find_run, runs_named
from tunebook.web.asked import Asked, Given
from tunebook.web.fields import typed_in
from tunebook.web.page import Page
from tunebook.web.parting import part_of

if TYPE_CHECKING:
    from tunebook.core.nouns import Plan

router = APIRouter()
PAGE = Page(router, "train", 30)


@dataclass(frozen=True)
class Wish:
    """The training that somebody asks for: a version, a seed in place of its own, and other values for this once."""

    table: str
    seed: str
    changes: str

    @classmethod
    def of(cls, given: Callable[[str], str]) -> Wish:
        """From the fields of a form or an address."""
        return cls(**typed_in((), given, "table", "seed", "changes"))

    @property
    def pairs(self) -> list[str]:
        """As `--set` takes them."""
        lines = [line.strip() for line in text_lines(self.changes) if line.strip()]
        return [*lines, *([f"seed={self.seed}"] if self.seed else [])]

    def words(self, book: Book) -> list[object]:
        """The command that trains it, without `tunebook`."""
        sets = [word for pair in self.pairs for word in ("--set", pair)]
        return ["train", book.path, "--table", self.table or "champion", *sets]

    def plan(self, book: Book) -> Plan:
        """Filled in and checked, as the command does it."""
        from tunebook.verbs.steps.plan import plan

        return plan(changed_table(book, self.table or "champion", read_changes(self.pairs)), book.data)

    def warnings(self, book: Book) -> list[str]:
        """Of rows that are changed although they train nothing."""
        changes = read_changes(self.pairs)
        table = changed_table(book, self.table or "champion", changes)
        return [str(item["message"]) for item in overruled(table, changes)]


@router.get("/book/{name}/train")
def train(asked: Given, name: str) -> Response:
    """The runs of the book, newest first."""
    book = asked.book(name)
    part = part_of(book.runs[::-1], asked.query("page"))
    known = zip(known_runs(part.items, book), part.items, strict=True)
    lines = [(line, _state(line, run), run.begun) for line, run in known]
    return asked.book_page("train.html.j2", name, "train", lines=lines, part=part)


def _state(line: dict[str, Any], run: Run) -> str:
    """Where a run of the list stands."""
    if line["fault"]:
        return "damaged"
    if line["finished"]:
        return "done"
    return "trains" if run.at_work else "failed" if line["failure"] else "stopped"


@router.get("/book/{name}/train/new")
def new(asked: Given, name: str) -> Response:
    """A form for a training; with what it would be and cost, once it was filled in."""
    book, wish = asked.book(name), Wish.of(asked.query)
    view: dict[str, Any] = {"plan": None, "before": None, "problem": None, "facts": [], "warnings": []}
    status = 200
    if asked.query("look"):
        try:
            view |= _seen(book, wish)
        except TunebookError as error:
            view["problem"], status = error, 422
    return _form(asked, name, book, wish, status, view)


def _seen(book: Book, wish: Wish) -> dict[str, Any]:
    """What the training would be, and the run that there is of it."""
    from tunebook.report.plan_words import plan_facts

    plan = wish.plan(book)
    return {
        "plan": plan,
        "facts": plan_facts(plan, pace_of(book.path / "runs")),
        "before": find_run(book.path / "runs", plan),
        "warnings": wish.warnings(book),
    }


def _form(asked: Asked, name: str, book: Book, wish: Wish, status: int, view: dict[str, Any]) -> Response:
    champion = book.tables.champion
    chosen = wish.table or (f"v{champion}" if champion else "")
    versions = [f"v{number}" for number in reversed(book.tables.versions())]
    words = wish.words(book)
    view |= {"wish": wish, "chosen": chosen, "versions": versions, "champion": f"v{champion}", "words": words}
    return asked.book_page("train_new.html.j2", name, "train", status=status, **view)


@router.post("/book/{name}/train")
def start(asked: Given, name: str) -> Response:
    """Begin a training; one that is at work already is shown, not begun again."""
    book, wish = asked.book(name), Wish.of(asked.text)
    plan = wish.plan(book)
    run = find_run(book.path / "runs", plan)
    if run is not None and (run.finished or run.at_work):
        return asked.go("book", name, "train", run.id)
    job = asked.jobs(book).once(wish.words(book), asked.owner, plan.id)
    return asked.go("book", name, "train", "begin", job.number)


@router.get("/book/{name}/train/begin/{number}")
def begin(asked: Given, name: str, number: str) -> Response:
    """A training that was begun and has no run yet; then that run."""
    book = asked.book(name)
    jobs = asked.jobs(book)
    job = jobs.job(number)
    part = asked.request.headers.get("hx-request") == "true"
    if (run := _run_of(book, job.about)) is not None:
        if not part:
            return asked.go("book", name, "train", run.id)
        return Response(headers={"hx-redirect": asked.address("book", name, "train", run.id)})
    view = {
        "job": job, "state": jobs.state(job), "said": jobs.said(job), "answer": jobs.answer(job), "place": "",
    }  # fmt: skip
    if part:
        return asked.page("_begin.html.j2", name=name, **view)
    return asked.book_page("train_begin.html.j2", name, "train", **view)


def _run_of(book: Book, plan: str) -> Run | None:
    """The newest run of a plan."""
    runs = [run for run in runs_named(book.path / "runs", "") if run.plan_id == plan]
    return runs[-1] if runs else None


__all__ = ["PAGE", "Wish", "begin", "new", "router", "start", "train"]
