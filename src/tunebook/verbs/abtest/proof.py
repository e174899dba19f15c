"""What a promotion rests on, checked: the rule of the test, all tests of the pair, the runs, and what they answered."""

from __future__ import annotations

import math
from itertools import chain
from typing import Any

from tunebook.core.errors import BookError, RefusedError
from tunebook.core.folders import inside
from tunebook.core.messages import say
from tunebook.core.nouns import DataRef, ParamTable, read_json
from tunebook.core.verdict import Verdict
from tunebook.engine.continual import numbered
from tunebook.models.source import model_id
from tunebook.stats.gate import MeanSquares, of_groups
from tunebook.verbs.abtest.ab_plan import ABPlan, Asked, make_ab_plan
from tunebook.verbs.abtest.arms import Arm, Result, ended
from tunebook.verbs.abtest.binding import judged_by, laxer, overspent, rejects, too_lax
from tunebook.verbs.abtest.final_exam import Trial, make_trial
from tunebook.verbs.abtest.logged_tests import LoggedTest, counted, logged_tests, taken
from tunebook.verbs.abtest.looks import take_look
from tunebook.verbs.abtest.prepared import arms_of
from tunebook.verbs.abtest.rated import check_rating
from tunebook.verbs.abtest.scored import Exam, answers_of, scores_of_arm, split_exam
from tunebook.verbs.abtest.spending import by_draw
from tunebook.verbs.abtest.verdicts import is_logged, mismatch, newest_verdicts
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run

_SAME = 1e-9  # of figures that are worked out twice from the same answers


def checked(book: Book, table: ParamTable, verdict: Verdict | None) -> Trial:
    """The last proof that a promotion still lacks, once everything else has been found in order.

    Raises:
        RefusedError: why the table may not be promoted; what takes longer to find out is asked later.
    """
    name, champion = f"v{table.version}", f"v{book.tables.champion or 1}"
    if verdict is None:
        raise RefusedError("promote.untested", key=name, champion=champion, book=book.path)
    told: dict[str, Any] = {"key": name, "book": book.path, "a": champion, "name": name}
    _own_log(book, told)
    _passed(book, table, verdict)
    _whole_log(book, told)
    plan = _plan(verdict, told)
    asked: Asked = {"aa": True, "continue_from": _start(book, plan), "allow": frozenset(_allowed(book, verdict))}
    arms = arms_of(book, book.tables.champion or 1, table, asked)
    data = numbered(book.data, arms[0].base.labels)
    exam = split_exam(data, "validation", plan.metric)
    own = make_ab_plan(data, arms, exam, book.file.gate, {"continue_from": asked["continue_from"]})
    _groups(book, own, told)
    if plan.rows != own.rows:
        raise RefusedError("promote.other_rows", key=name, champion=told["a"], book=book.path)
    _binds(book, plan, own, told)
    _all_tests(book, own, told)
    seen = _same_answers(book, verdict, plan, (data, exam, arms), told)
    check_rating(book, verdict)
    return make_trial(book, plan, arms, verdict.gain, seen)


def _passed(book: Book, table: ParamTable, verdict: Verdict) -> None:
    """The verdict is about this table, champion and rows, it passed, and the log says so too."""
    name = f"v{table.version}"
    wrong = mismatch(book, table, verdict)
    if wrong is not None:
        raise wrong
    if verdict.verdict in ("STRONG", "PROMOTE") and not verdict.passed:
        broken = ", ".join(item.name for item in verdict.guardrails if not item.held)
        raise RefusedError("promote.guardrail", key=name, broken=broken)
    if not verdict.passed:
        ends: dict[str, Any] = {"gain": verdict.gain, "lower": verdict.lower, "upper": verdict.upper}
        raise RefusedError("promote.not_proven", key=name, verdict=verdict.verdict, metric=verdict.metric, **ends)
    if not is_logged(book, verdict):
        raise RefusedError("promote.not_logged", key=str(verdict.path), book=book.path, a=f"v{verdict.a}", name=name)


def _own_log(book: Book, told: dict[str, Any]) -> None:
    """The log is that of this book: it is what was written, and was begun with rows and tables of the book."""
    log = book.log
    if not log.verify().ok:
        raise RefusedError("promote.log_changed", **told)
    versions, known = set(book.tables.versions()), {ref.content for ref in book.data_versions.values()}
    for entry in log.entries("init", "table"):
        rows, values = entry.evidence.get("content", ""), entry.evidence.get("values", "")
        of_table = book.tables.get(entry.table).values_id if entry.table in versions else values
        if rows not in {"", *known} or values not in ("", of_table):
            raise RefusedError("promote.other_log", **{**told, "key": str(log.path)})


def _groups(book: Book, own: ABPlan, told: dict[str, Any]) -> None:
    """Rows that belonged to groups when the book was begun, or in an earlier test of them, still do."""
    column = next(
        (str(entry.evidence["group"]) for entry in book.log.entries("init") if entry.evidence.get("group")), ""
    )
    plans = [item.plan for item in logged_tests(book) if item.plan and item.plan.content == own.content]
    count = max((plan.groups for plan in plans), default=0)
    if not own.groups and (column or count):
        raise RefusedError("promote.groups", **told, value=column or count)


def _whole_log(book: Book, told: dict[str, Any]) -> None:
    """The log knows every test that has left a verdict: it is logged first."""
    known = {item.evidence.get("test") for item in book.log.entries("test")}
    if any(verdict.test not in known for verdict in newest_verdicts(book)):
        raise RefusedError("promote.other_log", **{**told, "key": str(book.log.path)})


def _plan(verdict: Verdict, told: dict[str, Any]) -> ABPlan:
    """The frozen plan of a test: its hash is the test's name."""
    try:
        plan: ABPlan = read_json(ABPlan, verdict.path / "plan.json")
    except BookError as error:
        raise RefusedError("promote.no_plan", **told, path=verdict.path / "plan.json") from error
    if plan.id != verdict.test:
        raise RefusedError("promote.no_plan", **told, path=verdict.path / "plan.json")
    return plan


def _start(book: Book, plan: ABPlan) -> str | None:
    """The run from which both arms continue, wherever the book stands by now."""
    if plan.continues is None:
        return None
    own = book.path / "runs" / plan.continues.name
    return str(own if own.is_dir() else plan.continues)


def _allowed(book: Book, verdict: Verdict) -> list[Any]:
    """What the runs of a test were allowed by name."""
    found = [_run(book, verdict, name) for name in chain(*verdict.extra.get("runs", {}).values())]
    return sorted({name for run in found if (run.path / "plan.json").is_file() for name in run.plan.allowed})


def _binds(book: Book, plan: ABPlan, own: ABPlan, told: dict[str, Any]) -> None:
    lax = laxer(plan, own, book.file.gate)
    if lax is not None:
        raise too_lax(lax, plan, book.path, told["a"], told["name"])


def _all_tests(book: Book, own: ABPlan, told: dict[str, Any]) -> None:
    """No test of the pair has said no, by its gate or today's, and their looks together spend no more than alpha."""
    today = book.file.gate.model_copy(update={"metric": own.metric})
    tests = counted(book, own, today)
    for item in tests:
        for gate in (today, item.gate):
            if item.plan and judged_by(item.plan, gate) and rejects(item.plan, item.looks, gate):
                raise RefusedError("promote.rejected", **told, entry=item.entry.number, gate=f"{gate.delta:g}")
    looks = by_draw(taken(tests, own, today.alpha))
    spent = overspent(looks.values(), today.alpha)
    if spent is not None:
        errors = {"spent": f"{spent:.1%}", "alpha": f"{today.alpha:.1%}"}
        raise RefusedError("promote.spent", **told, tests=len(tests), **errors)


def pair_tests(book: Book, verdict: Verdict) -> list[LoggedTest]:
    """All tests of the same two tables on the same rows by the same metric, oldest first."""
    wanted = (verdict.a_values, verdict.b_values, verdict.content, verdict.metric)
    return [
        item
        for item in logged_tests(book)
        if (item.a_values, item.b_values, item.content, item.entry.evidence.get("metric")) == wanted
    ]


def _same_answers(
    book: Book, verdict: Verdict, plan: ABPlan, about: tuple[DataRef, Exam, tuple[Arm, Arm]], told: dict[str, Any]
) -> MeanSquares | None:
    """The runs are those that the tables plan, with the models that they wrote, and what they have answered gives the
    figures that were logged. Returns how seeds and rows vary, where the metric is one of rows."""
    data, exam, arms = about
    seeds = plan.seeds[: verdict.seeds]
    models = next(item for item in logged_tests(book) if item.test == verdict.test).entry.evidence.get("models", {})
    sides = []
    for side, arm in zip("ab", arms, strict=True):
        names = verdict.extra.get("runs", {}).get(side, [])
        if len(names) != len(seeds):
            raise RefusedError("promote.runs", **told, run="–", why=say("promote.run.gone"))
        known = models.get(side) or [""] * len(names)
        found = [
            _ended(book, verdict, (arm, seed, name), model, told)
            for seed, name, model in zip(seeds, names, known, strict=True)
        ]
        sides.append([answers_of(result, exam) for result in found])
        for name, item in zip(names, sides[-1], strict=True):
            if item is not None and item.uncrossed:
                raise RefusedError("promote.uncrossed", **told, run=name)
    a, b = (scores_of_arm(data, exam, logits) for logits in sides)
    logged = verdict.history[-1] if verdict.history else None
    look = take_look(a, b, plan, logged.alpha if logged else verdict.alpha)
    ends = ("gain", "lower", "upper")
    same = all(math.isclose(getattr(look, end), getattr(verdict, end), abs_tol=_SAME) for end in ends)
    if not (same and look.verdict == verdict.verdict):
        raise RefusedError("promote.figures", **told, found=f"{look.gain:+.4f}", logged=f"{verdict.gain:+.4f}")
    of_a, of_b = a.rows(plan.metric), b.rows(plan.metric)
    if of_a is None or of_b is None:
        return None
    return MeanSquares.of(of_b - of_a if exam.groups is None else of_groups(of_b - of_a, exam.groups))


def _ended(book: Book, verdict: Verdict, named: tuple[Arm, int, str], model: str, told: dict[str, Any]) -> Result:
    """A run of the test, if it is what the test has judged."""
    arm, seed, name = named
    run, plan = _run(book, verdict, name), arm.plan(seed)
    found = ended(run, plan) if (run.path / "plan.json").is_file() else None
    if found is None:
        raise RefusedError("promote.runs", **told, run=name, why=say("promote.run.gone"))
    if run.plan.id != plan.id:
        raise RefusedError("promote.runs", **told, run=name, why=say("promote.run.plan", seed=seed))
    wrote = {model, str(run.outcome.get("model_id", "")) if run.finished else ""} - {""}
    if found.folder is not None and wrote and wrote != {model_id(found.folder)}:
        raise RefusedError("promote.runs", **told, run=name, why=say("promote.run.model"))
    return found


def _run(book: Book, verdict: Verdict, name: str) -> Run:
    return Run(inside(book.path / "runs", name, said_by=verdict.path / "verdict.json"))


__all__ = ["checked", "pair_tests"]
