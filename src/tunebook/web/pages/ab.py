"""Tests of one table against another: begun with their cost told, watched, and what they have come to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.changes import numbers
from tunebook.core.errors import BookError, RefusedError, TunebookError
from tunebook.report.history import gain_text
from tunebook.verbs.steps.book import Book
from tunebook.web.asked import Given
from tunebook.web.known_tests import Known, known_tests, view_of
from tunebook.web.page import Page
from tunebook.web.parting import part_of

if TYPE_CHECKING:
    from tunebook.verbs.abtest.ab_plan import Asked as Rule
    from tunebook.verbs.abtest.prepared import PreparedTest

router = APIRouter()
PAGE = Page(router, "ab", 40)


@dataclass(frozen=True)
class Wish:
    """The test that somebody asks for; what is left empty is in the book's gate."""

    a: str
    b: str
    metric: str
    seeds: str
    looks: str

    @classmethod
    def of(cls, given: Callable[[str], str]) -> Wish:
        """From the fields of a form or an address."""
        return cls(*(given(name).strip() for name in ("a", "b", "metric", "seeds", "looks")))

    def rule(self) -> Rule:
        """As the verb takes it.

        Raises:
            TunebookError: `cli.option` for what is no list of numbers.
        """
        rule: Rule = {}
        if self.metric:
            rule["metric"] = self.metric
        if self.seeds:
            found = numbers("--seeds", self.seeds)
            rule["seeds"] = found[0] if len(found) == 1 else found
        if self.looks:
            none = self.looks.lower() in ("none", "无")
            rule["looks"] = [] if none else numbers("--looks", self.looks)
        return rule

    def words(self, book: Book) -> list[object]:
        """The command that runs it, without `tunebook`."""
        given = {"--metric": self.metric, "--seeds": self.seeds, "--looks": self.looks}
        return ["ab", book.path, self.a, self.b, *(word for pair in given.items() if pair[1] for word in pair)]

    def foreseen(self, book: Book) -> PreparedTest:
        """The test, planned; nothing is written."""
        from tunebook.verbs.abtest.prepared import foreseen_test

        return foreseen_test(book, self.a, self.b, **self.rule())


@router.get("/book/{name}/ab")
def ab(asked: Given, name: str) -> Response:
    """The tests of the book, newest first."""
    book = asked.book(name)
    found = known_tests(book)
    part = part_of(found, asked.query("page"))
    return asked.book_page("ab.html.j2", name, "ab", part=part, gain_text=gain_text)


@router.get("/book/{name}/ab/new")
def new(asked: Given, name: str) -> Response:
    """A form for a test; with what it takes, once it was filled in."""
    book, wish = asked.book(name), Wish.of(asked.query)
    champion, versions = book.tables.champion, [f"v{number}" for number in reversed(book.tables.versions())]
    known = f"v{champion}" if champion else ""
    others = [version for version in versions if version != known]
    chosen = Wish(wish.a or known, wish.b or (others[0] if others else ""), wish.metric, wish.seeds, wish.looks)
    view: dict[str, Any] = {"problem": None, "seen": None}
    if asked.query("look"):
        try:
            view["seen"] = _takes(chosen.foreseen(book))
        except TunebookError as error:
            view["problem"] = error
    return asked.book_page(
        "ab_new.html.j2", name, "ab", status=422 if view["problem"] else 200, wish=chosen, versions=versions,
        champion=known, metrics=_metrics(book), gate=book.file.gate, words=chosen.words(book), **view,
    )  # fmt: skip


def _metrics(book: Book) -> list[str]:
    """What a test of this book may be judged by."""
    from tunebook.core.registry import task_of

    return list(task_of(book.data.task)().judges(book.data.labels))


def _takes(prepared: PreparedTest) -> dict[str, Any]:
    """What a test takes and what it can see, in words."""
    from tunebook.core.formatting import duration, metric_name
    from tunebook.core.messages import say
    from tunebook.report.ab_words import foresight_text
    from tunebook.verbs.abtest.arms import known

    plan, runs = prepared.plan, prepared.book.path / "runs"
    arms = [arm.plan(seed) for arm in prepared.arms for seed in plan.seeds]
    facts = [
        (say("ab_page.metric"), metric_name(plan.metric)),
        (say("ab_page.seeds"), ", ".join(map(str, plan.seeds))),
        (say("ab_page.looks"), ", ".join(str(look.seeds) for look in plan.looks)),
        (say("ab_page.runs"), f"{sum(known(runs, arm) is None for arm in arms)} / {len(arms)}"),
        (say("ab_page.takes"), duration(prepared.seconds)),
    ]
    warnings = [say(code, **fields) for code, fields in prepared.warnings]
    sees = foresight_text(prepared.sees, plan) if prepared.sees is not None else ""
    return {"test": plan.id, "facts": facts, "warnings": warnings, "sees": sees, "done": prepared.finished is not None}


@router.post("/book/{name}/ab")
def start(asked: Given, name: str) -> Response:
    """Begin a test, or go on with it; one that is at work, or over, is shown."""
    from tunebook.verbs.abtest.prepared import prepare_test

    book, wish = asked.book(name), Wish.of(asked.text)
    prepared = prepare_test(book, wish.a, wish.b, **wish.rule())
    if prepared.finished is None:
        asked.jobs(book).once([*wish.words(book), f"--owner={asked.owner}"], asked.owner, prepared.plan.id)
    return asked.go("book", name, "ab", prepared.plan.id)


@router.get("/book/{name}/ab/{test}")
def one(asked: Given, name: str, test: str) -> Response:
    """A test: its plan, each seed of its arms, and its report; as a part of a page, for one who looks again."""
    book = asked.book(name)
    known = _known(book, test)
    view = view_of(book, asked.jobs(book), known)
    if asked.request.headers.get("hx-request") == "true":
        if view["state"] == "done":
            return Response(headers={"hx-refresh": "true"})
        return asked.page("_test.html.j2", name=name, **view)
    return asked.book_page("test.html.j2", name, "ab", **view)


def _known(book: Book, test: str) -> Known:
    found = [known for known in known_tests(book) if known.test == test]
    if not found:
        raise BookError("ab_page.none", key=test)
    return found[0]


@router.post("/book/{name}/ab/{test}/stop")
def stop(asked: Given, name: str, test: str) -> Response:
    """Stop it as Ctrl-C does: runs that have ended stay, and one that is under way keeps its checkpoint.

    Raises:
        RefusedError: `train_page.elsewhere`, it was not begun on a page.
    """
    book = asked.book(name)
    jobs, known = asked.jobs(book), _known(book, test)
    job = jobs.about(known.test)
    if job is None or not jobs.stop(job):
        raise RefusedError("train_page.elsewhere", key=test)
    return asked.go("book", name, "ab", test)


@router.post("/book/{name}/ab/{test}/on")
def on(asked: Given, name: str, test: str) -> Response:
    """Go on with a test that stopped.

    Raises:
        RefusedError: `ab_page.otherwise`, it was asked for with more than a page can say.
    """
    book = asked.book(name)
    jobs, known = asked.jobs(book), _known(book, test)
    before = jobs.about(test)
    words: list[object] = [*before.words] if before is not None else _again(book, known)
    if not words:
        raise RefusedError("ab_page.otherwise", key=test, book=book.path, a=f"v{known.a}", b=f"v{known.b}")
    owned = [word for word in words if not str(word).startswith("--owner=")]  # whoever goes on answers for it
    jobs.once([*owned, f"--owner={asked.owner}"], asked.owner, test)
    return asked.go("book", name, "ab", test)


def _again(book: Book, known: Known) -> list[object]:
    """The command of a test that was begun elsewhere, where it asks for no more than a page does; else nothing."""
    plan = known.plan
    if plan is None:
        return []
    counted = plan.seeds == list(range(1, len(plan.seeds) + 1))
    seeds = str(len(plan.seeds)) if counted else ",".join(map(str, plan.seeds))
    looks = ",".join(str(look.seeds) for look in plan.looks)
    wishes = [
        Wish(f"v{plan.a}", f"v{plan.b}", metric, seeds, also) for also in ("", looks) for metric in ("", plan.metric)
    ]
    for wish in wishes:
        if wish.foreseen(book).plan.id == known.test:
            return wish.words(book)
    return []


__all__ = ["PAGE", "Wish", "ab", "new", "on", "one", "router", "start", "stop"]
