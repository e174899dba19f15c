"""Tests of one table against another: begun with their cost told, watched, and what they have come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.errors import BookError, RefusedError, TunebookError
from tunebook.report.gate import gate_facts, typed_delta
from tunebook.report.history import gain_text
from tunebook.report.named import named
from tunebook.verbs.abtest.read_rule import read_rule
from tunebook.verbs.steps.book import Book
from tunebook.web.asked import Given
from tunebook.web.fields import Field, typed_in, values_of, words_of
from tunebook.web.known_tests import Known, known_tests, view_of
from tunebook.web.page import Page
from tunebook.web.parting import part_of

if TYPE_CHECKING:
    from tunebook.core.verdict import Gate
    from tunebook.verbs.abtest.ab_plan import Asked as Rule
    from tunebook.verbs.abtest.prepared import PreparedTest

router = APIRouter()
PAGE = Page(router, "ab", 40)


FIELDS = (
    Field("--metric", "ab_metric", "choice"),
    Field("--seeds", "ab_seeds"),
    Field("--looks", "ab_looks"),
    Field("--delta", "ab_delta"),
    Field("--guard", "ab_guard", "lines", hint="worst_class=5pt"),
    Field("--challenge", "ab_challenge", "lines", hint="hard.csv=5pt"),
    Field("--alpha", "ab_alpha", rare=True),
    Field("--prices", "ab_prices", hint="prices.toml", rare=True),
    Field("--continue-from", "continue_from", "choice", rare=True),
    Field("--effects", "ab_effects", "switch", rare=True),
    Field("--effects-by", "ab_effects_by", "choice", rare=True),
    Field("--aa", "ab_aa", "switch", rare=True),
    Field("--allow-unknown-tokens", "allow_unknown_tokens", "switch", rare=True),
)


@dataclass(frozen=True)
class Wish:
    """The test that somebody asks for: both tables, and options as they were typed; what is left empty is in the
    book's gate."""

    a: str
    b: str
    typed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Callable[[str], str]) -> Wish:
        """From the fields of a form or an address."""
        return cls(given("a").strip(), given("b").strip(), typed_in(FIELDS, given))

    def rule(self, book: Book) -> Rule:
        """As the verb takes it. Raises as `read_rule`."""
        typed = values_of(FIELDS, self.typed)
        if "prices" in typed:
            typed["prices"] = Path(typed["prices"])
        rule = read_rule(typed, list(book.file.business))  # type: ignore[arg-type]
        return {**rule, "allow": frozenset({"unknown_tokens"} if "allow_unknown_tokens" in typed else ())}

    def words(self, book: Book) -> list[object]:
        """The command that runs it, without `tunebook`."""
        return ["ab", book.path, self.a, self.b, *words_of(FIELDS, self.typed)]

    def foreseen(self, book: Book) -> PreparedTest:
        """The test, planned; nothing is written."""
        from tunebook.verbs.abtest.prepared import foreseen_test

        return foreseen_test(book, self.a, self.b, **self.rule(book))


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
    chosen = replace(wish, a=wish.a or known, b=wish.b or (others[0] if others else ""))
    view: dict[str, Any] = {"problem": None, "seen": None}
    if asked.query("look"):
        try:
            view["seen"] = _takes(chosen.foreseen(book))
        except TunebookError as error:
            view["problem"] = error
    return asked.book_page(
        "ab_new.html.j2", name, "ab", status=422 if view["problem"] else 200, wish=chosen, versions=versions,
        champion=known, fields=FIELDS, choices=_choices(book), gate=gate_facts(book.file.gate),
        hints=_hints(book.file.gate), words=chosen.words(book), **view,
    )  # fmt: skip


def _choices(book: Book) -> dict[str, list[tuple[str, str]]]:
    """What there is to choose from, by the key of a field."""
    from tunebook.core.formatting import metric_name
    from tunebook.core.messages import say
    from tunebook.core.registry import task_of
    from tunebook.verbs.abtest.effects import METHODS

    judges = (*task_of(book.data.task)().judges(book.data.labels), *book.file.business)
    metric = book.file.gate.metric
    said = say("ab_page.gate_says", value=metric_name(metric))
    runs = named([run for run in book.runs[::-1] if run.finished and run.has_model], book)
    return {
        "metric": [("", said), *((key, metric_name(key)) for key in judges)],
        "continue_from": [("", "–"), *runs],
        "effects_by": [("", "–"), *((key, key) for key in METHODS)],
    }


def _hints(gate: Gate) -> dict[str, str]:
    """What holds where nothing is typed, as it would be typed."""
    listed = ",".join(map(str, gate.looks))
    return {"seeds": str(gate.seeds), "looks": listed, "delta": typed_delta(gate), "alpha": f"{gate.alpha:g}"}


def _takes(prepared: PreparedTest) -> dict[str, Any]:
    """What a test takes and what it can see, in words."""
    from tunebook.core.formatting import metric_name
    from tunebook.core.messages import say
    from tunebook.report.ab_words import foresight_text
    from tunebook.report.plan_words import time_text
    from tunebook.verbs.abtest.arms import known
    from tunebook.verbs.steps.pace import pace_of

    plan, runs = prepared.plan, prepared.book.path / "runs"
    arms = [arm.plan(seed) for arm in prepared.arms for seed in plan.seeds]
    facts = [
        (say("ab_page.metric"), metric_name(plan.metric)),
        (say("ab_page.seeds"), ", ".join(map(str, plan.seeds))),
        (say("ab_page.looks"), ", ".join(str(look.seeds) for look in plan.looks)),
        (say("ab_page.runs"), f"{sum(known(runs, arm) is None for arm in arms)} / {len(arms)}"),
        (say("ab_page.takes"), time_text(prepared.seconds, pace_of(runs))),
    ]
    warnings = [say(code, **fields) for code, fields in prepared.warnings]
    sees = foresight_text(prepared.sees, plan) if prepared.sees is not None else ""
    return {"test": plan.id, "facts": facts, "warnings": warnings, "sees": sees, "done": prepared.finished is not None}


@router.post("/book/{name}/ab")
def start(asked: Given, name: str) -> Response:
    """Begin a test, or go on with it; one that is at work, or over, is shown."""
    from tunebook.verbs.abtest.prepared import prepare_test

    book, wish = asked.book(name), Wish.of(asked.text)
    prepared = prepare_test(book, wish.a, wish.b, **wish.rule(book))
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
    rule, usual = {"delta": typed_delta(plan), "alpha": f"{plan.alpha:g}"}, _hints(book.file.gate)
    said = {"seeds": seeds, **{key: text for key, text in rule.items() if text != usual[key]}}
    wishes = [
        Wish(f"v{plan.a}", f"v{plan.b}", {"metric": metric, **said, "looks": also})
        for also in ("", looks)
        for metric in ("", plan.metric)
    ]
    for wish in wishes:
        if wish.foreseen(book).plan.id == known.test:
            return wish.words(book)
    return []


__all__ = ["FIELDS", "PAGE", "Wish", "ab", "new", "on", "one", "router", "start", "stop"]
