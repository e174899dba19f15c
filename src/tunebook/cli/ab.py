"""tunebook ab: is one version of the table better than another? Exit code 0 if it passes, 1 if it does not."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.ab_options import ExtraOptions, GateOptions, read_options
from tunebook.cli.answer import Answer, advise, command, facts, grid, note, warn
from tunebook.cli.bars import Bars
from tunebook.cli.options import Allowed, Books, argument, wrong
from tunebook.cli.train import tell_start
from tunebook.core.business import said_names
from tunebook.core.errors import PlanError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.verdict import Verdict
    from tunebook.verbs.abtest.prepared import PreparedTest
    from tunebook.verbs.steps.book import Book

NO = 1
_STYLES = {"STRONG": "green", "PROMOTE": "green", "REJECT": "bold red", "INCONCLUSIVE": "yellow"}
_MARKS = {"STRONG": "✓", "PROMOTE": "✓", "REJECT": "✗", "INCONCLUSIVE": "?"}
Version = Annotated[str, argument("ab_old", "vOLD")]
Challenger = Annotated[str, argument("ab_new", "vNEW")]


def ab(book: Books, a: Version, b: Challenger, rule: GateOptions, around: ExtraOptions, allowed: Allowed) -> Answer:
    """Test one version against another."""
    asked = read_options(rule, around, allowed, said_names(book))  # a slip of the pen is told before anything is loaded
    from tunebook.verbs.ab import run_test
    from tunebook.verbs.abtest.effects import METHODS
    from tunebook.verbs.abtest.logged_tests import rows_use
    from tunebook.verbs.abtest.prepared import prepare_test
    from tunebook.verbs.steps.book import open_book

    around.check()
    if around.method and around.method not in METHODS:
        raise wrong("--effects-by", around.method, " | ".join(METHODS))
    opened = open_book(book)
    if around.promote and opened.tables.number(a) != opened.tables.champion:
        raise PlanError("ab.promote", key=a, champion=f"v{opened.tables.champion}")
    prepared = prepare_test(opened, a, b, **asked)
    _announce(prepared)
    with ExitStack() as held:
        with Bars(prepared.plan.metric) as bars:
            held.enter_context(around.used(bars))
            verdict = run_test(prepared, effects=around.method, progress=bars)
        data = verdict_data(verdict)
        data |= {"laxer": prepared.lax._asdict() if prepared.lax else None, **rows_use(opened, verdict.alpha)}
        data["rating"] = _rating(opened, verdict)
        code = 0 if verdict.passed else NO
        if around.promote and verdict.passed:
            from tunebook.cli.promote import promoted

            data |= promoted(opened, verdict, around.owner)
            code = NO if "error" in data else 0
    return Answer(data, lambda screen: _tell(screen, verdict, data), _next(opened, verdict, data, rule), code)


def _rating(book: Book, verdict: Verdict) -> dict[str, Any] | None:
    """What the gate asks of people before a promotion, and why that does not hold yet; None where it asks nothing."""
    from tunebook.core.errors import RefusedError
    from tunebook.verbs.abtest.rated import check_rating

    wanted, error = book.file.gate.rating, None
    if wanted is None:
        return None
    try:
        check_rating(book, verdict)
    except RefusedError as refused:
        error = refused.to_json()
    return {"wanted": wanted.model_dump(), "held": error is None, "error": error}


def _announce(prepared: PreparedTest) -> None:
    """Say what will be done and how long it may take, and what should give pause."""
    from tunebook.report.ab_words import foresight_text
    from tunebook.report.plan_words import time_text
    from tunebook.verbs.steps.pace import pace_of

    for code, fields in prepared.warnings:
        note(say(code, **fields), style="yellow")
    plan, first = prepared.plan, prepared.arms[0]
    tell_start(first.table, first.base)
    if prepared.finished is not None:
        note(say("ab.finished", test=plan.id), style="yellow")
        return
    if prepared.sees is not None:
        note(foresight_text(prepared.sees, plan))
    fields = {
        "runs": 2 * len(plan.seeds),
        "time": time_text(prepared.seconds, pace_of(prepared.book.path / "runs")),
        "test": plan.id,
    }
    note(say("ab.begins", looks=", ".join(str(look.seeds) for look in plan.looks), **fields))


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """A verdict for `--json`."""
    names = (
        "test", "verdict", "passed", "reason", "metric", "gain", "lower", "upper", "delta", "delta_kind", "alpha",
        "seeds", "n", "groups", "looks", "cost", "flips", "settle", "continues",
    )  # fmt: skip
    return {
        "a": f"v{verdict.a}",
        "b": f"v{verdict.b}",
        **{name: getattr(verdict, name) for name in names},
        "guardrails": [{**guard.model_dump(), "reported": guard.reported} for guard in verdict.guardrails],
        "effects": [effect.model_dump() for effect in verdict.effects],
        "failed": {side: cost["failed"] for side, cost in verdict.extra["arms"].items()},
        "collapsed": {side: sum(runs) for side, runs in verdict.extra.get("collapsed", {}).items()},
        "min_detectable": (verdict.extra.get("min_detectable") or {}).get("gain"),
        "looks_spent": verdict.extra.get("looks_spent"),
        **({"retention": verdict.extra["retention"]} if "retention" in verdict.extra else {}),
        "path": str(verdict.path),
    }


def _tell(screen: Console, verdict: Verdict, data: dict[str, Any]) -> None:
    from tunebook.report.ab_words import doubt_texts, sentence, settle_text
    from tunebook.report.retention import arm_rows

    good = verdict.passed or verdict.verdict not in ("STRONG", "PROMOTE")
    style = _STYLES[verdict.verdict] if good else "yellow"
    screen.print(f"{_MARKS[verdict.verdict] if good else '!'} {verdict.verdict}", style=f"bold {style}")
    screen.print(sentence(verdict), style=style)
    warn(screen, doubt_texts(verdict))
    if settle_text(verdict):
        screen.print(settle_text(verdict))
    screen.print()
    screen.print(facts(_facts(verdict)))
    screen.print()
    guards, others = _guards(verdict)
    head = [say("ab.guardrail"), f"v{verdict.b} − v{verdict.a}", say("ab.margin"), say("ab.sees"), say("ab.held")]
    screen.print(grid(head, guards, right=(1, 2, 3)))
    if others:
        screen.print(others)
    if data["rating"]:
        _tell_rating(screen, data["rating"])
    kept = arm_rows(verdict)
    if kept:
        screen.print()
        screen.print(say("retention.heading"), style="bold")
        screen.print(grid(kept[0], kept[1:], right=tuple(range(1, len(kept[0])))))
    if verdict.effects:
        screen.print()
        screen.print(grid([say("cli.name"), say("ab.effect"), say("ab.method")], _effects(verdict)))
    screen.print()
    screen.print(facts([(say("cli.report"), verdict.path / "report.html")]))
    if (tables := data["tests_on_these_rows"]) > 1:
        one, two = (f"{data['family_error'][name]:.1%}" for name in ("validation", "proven"))
        screen.print(say("ab.many", tables=tables, one=one, two=two), style="dim")
    if "champion" in data:
        screen.print(f"✓ {say('ab.promoted', version=data['champion'])}", style="green")
        from tunebook.cli.promote import test_rows_text

        screen.print(test_rows_text(data["test_scores"], data["test_looks"]))
    if "error" in data:
        screen.print(f"✗ {data['error']['message']}", style="bold red")
        advise(screen, data["error"])


def _tell_rating(screen: Console, rating: dict[str, Any]) -> None:
    from tunebook.core.formatting import phrase

    wanted, error = rating["wanted"], rating["error"]
    asked = {"question": wanted["question"], "kind": phrase("rate.kind", wanted["kind"])}
    if error is None:
        screen.print(f"✓ {say('ab.rating_held', **asked)}")
    else:
        warn(screen, [say("ab.rating_open", **asked), f"{error['message']} {error['advice']}"])


def _facts(verdict: Verdict) -> list[tuple[str, str]]:
    from tunebook.core.formatting import duration, number, score_text
    from tunebook.report.ab_words import money

    extra = verdict.extra
    scores = " · ".join(f"{score_text(a)} → {score_text(b)}" for a, b in zip(*extra["scores"].values(), strict=True))
    found = [(say("ab.figure.scores"), scores)]
    if verdict.flips:
        flips = f"{number(verdict.flips['won'])} / {number(verdict.flips['lost'])}"
        found.append((say("ab.figure.flips"), flips))
    cost = f"{duration(verdict.cost['seconds'])} ({say('ab.new', time=duration(verdict.cost['new_seconds']))})"
    cost += f", {money(verdict.cost['money'], verdict)}" if "money" in verdict.cost else ""
    found.append((say("cli.cost"), cost))
    failed = [extra["arms"][side]["failed"] for side in "ab"]
    if any(failed):
        found.append((say("ab.cost.failed"), f"{failed[0]} / {failed[1]}"))
    return found


def _guards(verdict: Verdict) -> tuple[list[Sequence[str]], str]:
    """Lines of the guardrails that are shown, and what the others are."""
    from tunebook.report.ab_words import guard_margin, guard_name, guard_sees, guard_text, held_text, shown_guards

    shown, others = shown_guards(verdict)
    return [
        (guard_name(item), guard_text(item, item.gain), guard_margin(item), guard_sees(item), held_text(item))
        for item in shown
    ], others


def _effects(verdict: Verdict) -> list[Sequence[str]]:
    from tunebook.core.formatting import phrase
    from tunebook.report.ab_words import effect_text

    return [
        (effect.row, effect_text(effect, verdict.metric), phrase("ab.method", effect.method))
        for effect in verdict.effects
    ]


def _next(opened: Book, verdict: Verdict, data: dict[str, Any], rule: GateOptions) -> tuple[str, ...]:
    from tunebook.report.ab_words import further_seeds

    start = ("--continue-from", rule.continue_from) if rule.continue_from else ()
    book, a, b = opened.path, f"v{verdict.a}", f"v{verdict.b}"
    if "champion" in data:
        return (command("table", "log", book), command("train", book, *start))
    if "error" in data:
        return ()  # its advice says what to do
    if data["laxer"] and verdict.verdict != "REJECT":
        return (command("ab", book, a, b, *start),)
    if verdict.passed:
        runs = ",".join(verdict.extra["runs"][side][0] for side in "ab")
        rated = (command("rate", book, "new", "--runs", runs),) if data["rating"] and not data["rating"]["held"] else ()
        return (
            *rated,
            command("promote", book, b, "--reason", say("ab.some_reason")),
        )
    if seeds := further_seeds(verdict, opened.file.gate.places):
        return (command("ab", book, a, b, "--seeds", seeds, *start),)
    return (command("table", "recommend", book), command("table", "set", book, "learning_rate=5e-5"))


__all__ = ["ab", "verdict_data"]
