"""tunebook ab: is one version of the table better than another? Exit code 0 if it passes, 1 if it does not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tunebook.cli.answer import Answer, advise, command, facts, grid, note, warn
from tunebook.cli.bars import Bars
from tunebook.cli.options import Allowed, Books, option
from tunebook.cli.reading import listed, pair, wrong
from tunebook.cli.train import tell_start
from tunebook.core.errors import PlanError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.abtest.prepared import PreparedTest
    from tunebook.abtest.test_plan import Asked
    from tunebook.core.verdict import Verdict

NO = 1
_POINTS = re.compile(r"([\d.]+)\s*(pts?|points?|pp|点|分|个?百分点)", re.IGNORECASE)
_SHARE = re.compile(r"([\d.]+)\s*[%％]")
_NUMBER = re.compile(r"\d*\.?\d+")
_STYLES = {"STRONG": "green", "PROMOTE": "green", "REJECT": "bold red", "INCONCLUSIVE": "yellow"}
_MARKS = {"STRONG": "✓", "PROMOTE": "✓", "REJECT": "✗", "INCONCLUSIVE": "?"}
Version = Annotated[str, typer.Argument(metavar="vN", help=say("cli.opt.ab_old"))]
Challenger = Annotated[str, typer.Argument(metavar="vN", help=say("cli.opt.ab_new"))]


@dataclass(frozen=True)
class Rule:
    """By which rule the test decides; what is not given is in the book's gate."""

    seeds: Annotated[str | None, option("ab_seeds", "--seeds", metavar="N|N,N,…")] = None
    looks: Annotated[str | None, option("ab_looks", "--looks", metavar="N,…|none")] = None
    delta: Annotated[str | None, option("ab_delta", "--delta", metavar="2pt|2%")] = None
    metric: Annotated[str | None, option("ab_metric", "--metric", metavar="NAME")] = None
    alpha: Annotated[str | None, option("ab_alpha", "--alpha", metavar="0.05")] = None
    guard: Annotated[list[str] | None, option("ab_guard", "--guard", metavar="NAME=MARGIN")] = None
    challenge: Annotated[list[str] | None, option("ab_challenge", "--challenge", metavar="FILE[=MARGIN]")] = None
    aa: Annotated[bool, option("ab_aa", "--aa")] = False
    continue_from: Annotated[str | None, option("continue_from", "--continue-from", metavar="RUN")] = None


@dataclass(frozen=True)
class Around:
    """What is done beside the test."""

    effects: Annotated[bool, option("ab_effects", "--effects")] = False
    effects_by: Annotated[str | None, option("ab_effects_by", "--effects-by", metavar="one|shapley")] = None
    prices: Annotated[Path | None, option("ab_prices", "--prices", metavar="FILE")] = None
    promote: Annotated[bool, option("ab_promote", "--promote")] = False

    @property
    def method(self) -> str:
        """How the effect of each row is measured; empty for not at all."""
        return self.effects_by or ("auto" if self.effects else "")


def ab(book: Books, a: Version, b: Challenger, rule: Rule, around: Around, allowed: Allowed) -> Answer:
    """Test one version against another."""
    from tunebook.abtest.effects import METHODS
    from tunebook.abtest.openings import rows_use
    from tunebook.abtest.prepared import prepare_test
    from tunebook.verbs.ab import run_test
    from tunebook.verbs.book import open_book

    if around.method and around.method not in METHODS:
        raise wrong("--effects-by", around.method, " | ".join(METHODS))
    opened = open_book(book)
    if around.promote and opened.tables.number(a) != opened.tables.champion:
        raise PlanError("ab.promote", key=a, champion=f"v{opened.tables.champion}")
    prepared = prepare_test(opened, a, b, **read_rule(rule, around, allowed))
    _announce(prepared)
    with Bars(prepared.plan.metric) as bars:
        verdict = run_test(prepared, effects=around.method, progress=bars)
    data = verdict_data(verdict)
    data |= rows_use(opened, verdict.alpha)
    code = 0 if verdict.passed else NO
    if around.promote and verdict.passed:
        from tunebook.cli.promote import promoted

        data |= promoted(opened, verdict)
        code = NO if "error" in data else 0
    return Answer(data, lambda screen: _tell(screen, verdict, data), _next(book, verdict, data, rule), code)


def read_rule(rule: Rule, around: Around, allowed: Allowed) -> Asked:
    """What the options ask for, as the verb takes it.

    Raises:
        TunebookError: `cli.option` for a value that its option does not take, `ab.prices`.
    """
    asked: Asked = {"aa": rule.aa, "allow": allowed.names}
    if rule.seeds is not None:
        numbers = _numbers("--seeds", rule.seeds)
        asked["seeds"] = numbers[0] if len(numbers) == 1 else numbers
    if rule.looks is not None:
        none = rule.looks.strip().lower() in ("none", "无")
        asked["looks"] = [] if none else _numbers("--looks", rule.looks)
    if rule.delta is not None:
        asked["delta"], asked["delta_kind"] = read_delta(rule.delta)
    if rule.metric is not None:
        asked["metric"] = rule.metric
    if rule.alpha is not None:
        asked["alpha"] = _amount("--alpha", rule.alpha)
    if rule.continue_from is not None:
        asked["continue_from"] = rule.continue_from
    if rule.guard:
        asked["guard"] = dict(_guard(item) for item in rule.guard)
    asked["challenges"] = [_challenge(item) for item in rule.challenge or ()]
    if around.prices is not None:
        from tunebook.abtest.prices import read_prices

        asked["prices"] = read_prices(around.prices)
    return asked


def read_delta(text: str) -> tuple[float, Literal["absolute", "relative"]]:
    """The least gain: `2pt` and `0.02` are points of the metric, `2%` is a share of the old table's score.

    Raises:
        TunebookError: `cli.option` for anything else.
    """
    share = _SHARE.fullmatch(text.strip())
    if share and _NUMBER.fullmatch(share[1]):
        return float(share[1]) / 100, "relative"
    return _amount("--delta", text), "absolute"


def _amount(name: str, text: str) -> float:
    """A number from `2pt`, `2%` or `0.02`."""
    found = _POINTS.fullmatch(text.strip()) or _SHARE.fullmatch(text.strip())
    number = found[1] if found else text.strip()
    if not _NUMBER.fullmatch(number):
        raise wrong(name, text, "2pt | 2% | 0.02")
    return float(number) / (100 if found else 1)


def _numbers(name: str, text: str) -> list[int]:
    parts = listed(text)
    if not parts or not all(part.isascii() and part.isdigit() for part in parts):
        raise wrong(name, text, "5 | 3,5,10")
    return [int(part) for part in parts]


def _guard(text: str) -> tuple[str, float | Literal["off"]]:
    name, margin = pair("--guard", text)
    return name, "off" if margin.lower() in ("off", "关") else _amount("--guard", margin)


def _challenge(text: str) -> str:
    """A file; a margin behind its name becomes a plain number."""
    path, sign, margin = text.rpartition("=")
    return f"{path}={_amount('--challenge', margin)}" if sign and not Path(text).exists() else text


def _announce(prepared: PreparedTest) -> None:
    """Say what will be done and how long it may take, and what should give pause."""
    from tunebook.report.ab_words import foresight_text
    from tunebook.report.words import duration

    for code, fields in prepared.warnings:
        note(say(code, **fields), style="yellow")
    plan, first = prepared.plan, prepared.arms[0]
    tell_start(first.table, first.base)
    if prepared.finished is not None:
        note(say("ab.finished", test=plan.id), style="yellow")
        return
    if prepared.sees is not None:
        note(foresight_text(prepared.sees, plan))
    fields = {"runs": 2 * len(plan.seeds), "time": duration(prepared.seconds), "test": plan.id}
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


def _facts(verdict: Verdict) -> list[tuple[str, str]]:
    from tunebook.report.ab_words import money
    from tunebook.report.words import duration, number, score_text

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
    from tunebook.report.ab_words import effect_text
    from tunebook.report.words import phrase

    return [
        (effect.row, effect_text(effect, verdict.metric), phrase("ab.method", effect.method))
        for effect in verdict.effects
    ]


def _next(book: Path, verdict: Verdict, data: dict[str, Any], rule: Rule) -> tuple[str, ...]:
    start = ("--continue-from", rule.continue_from) if rule.continue_from else ()
    a, b = f"v{verdict.a}", f"v{verdict.b}"
    if "champion" in data:
        return (command("table", "log", book), command("train", book, *start))
    if verdict.passed and "error" not in data:
        return (command("promote", book, b, "--reason", say("ab.some_reason")),)
    if verdict.verdict == "INCONCLUSIVE":
        seeds = verdict.settle.get("seeds") or 2 * verdict.seeds
        return (command("ab", book, a, b, "--seeds", seeds, *start),)
    return (command("table", "recommend", book), command("table", "set", book, "learning_rate=5e-5"))


__all__ = ["Around", "Rule", "ab", "read_delta", "read_rule", "verdict_data"]
