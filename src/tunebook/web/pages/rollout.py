"""A rollout: begun with what it would be told, where it stands, what speaks for it, and what a person may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.errors import BookError, RefusedError, TunebookError
from tunebook.core.locations import CHAMPION
from tunebook.report.named import named, title_of, titles
from tunebook.rollout.state import State, state
from tunebook.verbs.steps.book import Book
from tunebook.verbs.weigh_rollout import Weighed, doubts, typed_rules, weigh, weigh_first
from tunebook.web.asked import Asked, Given
from tunebook.web.fields import Field, Typed, typed_in, values_of, words_of
from tunebook.web.page import Page
from tunebook.web.pages.errors import finished
from tunebook.web.render import status_of

router = APIRouter()
PAGE_FILE = "rollout.html"


def may_roll(book: Book) -> bool:
    """Whether there is a run that could be put in front of users."""
    return next(book.path.glob("runs/*/outcome.json"), None) is not None


PAGE = Page(router, "rollout", 80, may_roll)
FORCED = ("next", "finish")  # that may be done against what speaks for it
FIELDS = (
    Field("--stages", "rollout_stages"),
    Field("--min-requests", "rollout_requests"),
    Field("--min-minutes", "rollout_minutes", rare=True),
    Field("--metric", "rollout_metric", hint="bought", rare=True),
)


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
        if now.live is not None:
            view["look"] = look = status(book)
            view["lines"] = [line(item) for item in look.evidence]
    except TunebookError as error:
        view["problem"] = error
    page = PAGE_FILE if (book.path / PAGE_FILE).is_file() else ""
    events = history(book)[::-1][:50]
    names = _names(book, now, *(entry.evidence.get("run") for entry in events))
    open_ones = _open(now)
    return asked.book_page(
        "rollout.html.j2", name, "rollout", now=now, events=events, page=page, steps=open_ones, names=names, **view
    )  # fmt: skip


def _names(book: Book, now: State, *others: str | None) -> dict[str, str]:
    """Id -> heading of the runs that a page speaks of, as far as they are there."""
    spoken_of = {now.live, now.candidate, *now.before, *others}
    return titles([run for run in book.runs if run.id in spoken_of], book)


def _open(now: State) -> list[str]:
    """What can be done from here."""
    if now.live is None:
        return ["deploy"]
    if now.candidate is None:
        return ["start", *(["back"] if now.before else [])]
    return ["finish" if now.last else "next", "abort", *([] if now.last else ["finish"])]


def _trained(book: Book) -> bool:
    """Whether there is a run of the champion to begin with."""
    try:
        return bool(book.run(CHAMPION))
    except TunebookError:
        return False


@router.get("/book/{name}/rollout/start")
def new(asked: Given, name: str) -> Response:
    """A form for a rollout; with what it would be and what speaks against it, once it was filled in."""
    return _new(asked, name, typed_in(FIELDS, asked.query, "run"), look=bool(asked.query("look")))


def _new(asked: Asked, name: str, typed: Typed, *, look: bool, fault: TunebookError | None = None) -> Response:
    """The form; with what was typed, and what is wrong with it, where it came back."""
    book = asked.book(name)
    rules = book.file.rollout
    view: dict[str, Any] = {"found": None, "doubts": []}
    if look:
        try:
            view["found"] = found = _weighed(book, typed)
            view["doubts"] = doubts(book, found.run)
        except TunebookError as error:
            fault = fault or error
    now = state(book)
    hints = {
        "stages": ",".join(f"{share:g}" for share in rules.stages), "min_requests": str(rules.min_requests),
        "min_minutes": f"{rules.min_minutes:g}",
    }  # fmt: skip
    return asked.book_page(
        "rollout_start.html.j2", name, "rollout", status=status_of(fault) if fault else 200, now=now, fault=fault,
        runs=named(finished(book), book), champion=_trained(book), fields=FIELDS, given=typed, hints=hints,
        words=words(book, typed), names=_names(book, now, view["found"] and view["found"].run.id),
        reason=asked.text("reason"), forced=asked.text("force"), **view,
    )  # fmt: skip


def words(book: Book, typed: Typed) -> list[object]:
    """The command that begins it, without `tunebook`."""
    return ["rollout", "start", book.path, typed["run"] or CHAMPION, *words_of(FIELDS, typed)]


def _weighed(book: Book, typed: Typed) -> Weighed:
    return weigh(book, typed["run"] or CHAMPION, typed_rules(values_of(FIELDS, typed)))


@router.post("/book/{name}/rollout/start")
def begin(asked: Given, name: str) -> Response:
    """Begin a rollout, as a command of its own: what servers load may have to be made first. What speaks against it
    without force, and `rollout_page.moved`, stands above the form."""
    book, typed = asked.book(name), typed_in(FIELDS, asked.text, "run")
    try:
        by = _confirmed(asked, book, force=True)
        found = _weighed(book, typed)
        if found.against is not None and not by["force"]:
            raise found.against
    except TunebookError as error:
        return _new(asked, name, typed, look=True, fault=error)
    forced = ["--force"] if found.against is not None else []
    line = [*words(book, {**typed, "run": found.run.id}), f"--reason={by['reason']}", f"--owner={asked.owner}", *forced]
    job = asked.jobs(book).once(line, asked.owner, "rollout start")
    return asked.go("book", name, "work", job.number)


@router.get("/book/{name}/rollout/deploy")
def first(asked: Given, name: str) -> Response:
    """A form that puts the first run live, with what speaks against the one that is chosen."""
    return _first(asked, name, None)


def _first(asked: Asked, name: str, fault: TunebookError | None) -> Response:
    """The form; with what was typed, and what is wrong with it, where it came back."""
    book = asked.book(name)
    given = {key: (asked.text if fault else asked.query)(key) for key in ("run", "reason", "force")}
    view: dict[str, Any] = {"found": None, "doubts": [], "champion": _trained(book)}
    if given["run"] or view["champion"]:
        try:
            found = weigh_first(book, given["run"] or CHAMPION)
            view |= {"found": found, "title": title_of(found.run, book), "doubts": doubts(book, found.run)}
        except TunebookError as error:
            fault = fault or error
    return asked.book_page(
        "rollout_deploy.html.j2", name, "rollout", status=status_of(fault) if fault else 200, now=state(book),
        runs=named(finished(book), book), given=given, fault=fault, **view,
    )  # fmt: skip


@router.post("/book/{name}/rollout/deploy")
def deploy(asked: Given, name: str) -> Response:
    """Put the first run live; what the verb refuses, and `rollout_page.moved`, stands above the form."""
    from tunebook.verbs.rollout import deploy as put_live

    book = asked.book(name)
    try:
        put_live(book, asked.text("run") or CHAMPION, **_confirmed(asked, book, force=True))
    except TunebookError as error:
        return _first(asked, name, error)
    return asked.go("book", name, "rollout")


@router.get("/book/{name}/rollout/{step}")
def ask(asked: Given, name: str, step: str) -> Response:
    """A form that confirms a step."""
    _known(step)
    return _ask(asked, name, step, None)


def _ask(asked: Asked, name: str, step: str, fault: TunebookError | None) -> Response:
    """The form; with what was typed, and what is wrong with it, where it came back."""
    book = asked.book(name)
    now = state(book)
    return asked.book_page(
        "rollout_step.html.j2", name, "rollout", status=status_of(fault) if fault else 200, now=now, step=step,
        may_force=step in FORCED, names=_names(book, now), fault=fault, reason=asked.text("reason"),
        forced=asked.text("force"),
    )  # fmt: skip


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
    """Do it; what the verb refuses, and `rollout_page.moved`, stands above the form."""
    book = asked.book(name)
    _known(step)
    try:
        _steps()[step](book, **_confirmed(asked, book, force=step in FORCED))
    except TunebookError as error:
        return _ask(asked, name, step, error)
    return asked.go("book", name, "rollout")


def _confirmed(asked: Asked, book: Book, *, force: bool) -> dict[str, Any]:
    """Who does it, why, and where it may be, whether against what speaks for it; refused where the rollout has moved on
    since the form was made."""
    now = state(book)
    if asked.text("entry") != str(now.entry):
        raise RefusedError("rollout_page.moved", key=str(now.entry), value=asked.text("entry"))
    reason = asked.text("reason").strip()
    if not reason:
        raise TunebookError("rollout.reason", key="--reason")
    return {"actor": asked.owner, "reason": reason, **({"force": bool(asked.text("force"))} if force else {})}


def _known(step: str) -> None:
    if step not in _steps():
        raise BookError("ui.page", key=f"rollout/{step}")


__all__ = [
    "FIELDS", "FORCED", "PAGE", "PAGE_FILE", "act", "ask", "begin", "deploy", "first", "may_roll", "new", "rollout",
    "router", "words", "write",
]  # fmt: skip
