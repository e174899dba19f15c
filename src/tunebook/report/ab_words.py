"""A verdict of an A/B test in words, for reports and for the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

from tunebook.core.formatting import amount, duration, metric_name, number, phrase
from tunebook.core.localized import localized
from tunebook.core.messages import say
from tunebook.core.verdict import Guardrail, RowEffect, Verdict

if TYPE_CHECKING:
    from tunebook.verbs.abtest.ab_plan import ABPlan
    from tunebook.verbs.abtest.looks import Foresight

_NAMED, _CLASSES = 3, 5  # guardrails that a sentence names, and classes that a table shows


def wanted(verdict: Verdict) -> str:
    """The least gain worth having, in words."""
    if verdict.delta_kind == "relative":
        return f"{verdict.delta * 100:g} %"
    return amount(verdict.delta, verdict.metric, sign=False)


def sentence(verdict: Verdict) -> str:
    """The verdict in words, with its numbers, and what broke."""
    told = localized(
        f"ab.said.{verdict.verdict}",
        a=f"v{verdict.a}",
        b=f"v{verdict.b}",
        metric=metric_name(verdict.metric),
        gain=amount(verdict.gain, verdict.metric),
        lower=amount(verdict.lower, verdict.metric),
        upper=amount(verdict.upper, verdict.metric),
        delta=wanted(verdict),
        seeds=verdict.seeds,
        rows=number(verdict.n),
    )
    if verdict.groups:
        told = localized("ab.said.and", first=told, second=localized("ab.said.groups", groups=number(verdict.groups)))
    if verdict.hopeless:
        told = localized("ab.said.and", first=told, second=localized("ab.said.hopeless"))
    if verdict.continues:
        told = localized("ab.said.and", first=told, second=localized("ab.said.continues", run=verdict.continues))
    broken = [guard_name(guard) for guard in worst_first(verdict) if not guard.held]
    if not broken:
        return told
    names = reduce(lambda first, second: localized("ab.said.list", first=first, second=second), broken[:_NAMED])
    if len(broken) > _NAMED:
        names = localized("ab.said.others", first=names, count=len(broken) - _NAMED)
    return localized("ab.said.and", first=told, second=localized("ab.said.broken", names=names))


def worst_first(verdict: Verdict) -> list[Guardrail]:
    """The guardrails, those of single classes last, with the broken before the held and those reported only."""
    return sorted(verdict.guardrails, key=lambda item: (_of_class(item), *(_badness(item) if _of_class(item) else ())))


def _of_class(guard: Guardrail) -> bool:
    return guard.name.startswith("class:")


def _badness(guard: Guardrail) -> tuple[bool, bool, float]:
    lower = guard.lower if math.isfinite(guard.lower) else math.inf
    return guard.held, guard.reported, lower


def shown_guards(verdict: Verdict) -> tuple[list[Guardrail], str]:
    """The guardrails that a page shows, of classes the worst few, and what the other classes are (empty for none)."""
    ordered = worst_first(verdict)
    classes = [guard for guard in ordered if _of_class(guard)]
    rest = classes[_CLASSES:]
    if not rest:
        return ordered, ""
    counted = [guard for guard in rest if not guard.reported]
    told = say(
        "ab.guard.rest", count=len(rest), broken=sum(not guard.held for guard in rest),
        held=sum(guard.held for guard in counted), reported=len(rest) - len(counted),
    )  # fmt: skip
    return [guard for guard in ordered if guard not in rest], told


def guard_name(guard: Guardrail) -> str:
    """A guardrail's name in words: with the class, or the file, that it is about."""
    name, _, of = guard.name.partition(":")
    if guard.kind == "challenge":
        return localized("ab.guard.challenge", name=guard.name)
    called = phrase("ab.guard", name)
    of = localized("ab.clock") if guard.clock else of
    return localized("ab.guard.of", guard=called, of=of) if of else called


def guard_text(guard: Guardrail, value: float) -> str:
    """A gain of a guardrail: points, or a share of a cost."""
    if not math.isfinite(value):
        return "–"
    if guard.kind == "ratio":
        return f"{round(-value * 100) + 0:+d} %"
    if guard.kind == "own":  # in a unit of the owner's
        return f"{value:+.4g}"
    bound = max(-1.0, min(value, 1.0)) if guard.kind == "score" else value  # a share cannot move further
    return localized("report.points", value=f"{bound * 100:+.1f}")


def doubt_texts(verdict: Verdict) -> list[str]:
    """What makes a verdict say less than it seems: an arm that has collapsed, checkpoints chosen on the scored rows, a
    difference of the tables that did nothing."""
    count = verdict.extra.get("uncrossed", 0)
    told = [say("ab.uncrossed", count=count)] if count else []
    for side, version in (("a", verdict.a), ("b", verdict.b)):
        runs = verdict.extra.get("collapsed", {}).get(side, [])
        if any(runs):
            told.append(say("ab.collapsed", name=f"v{version}", runs=sum(runs), of=len(runs)))
    same = verdict.extra.get("same", []) if verdict.a_values != verdict.b_values else []
    return [*told, say("ab.alike", runs=sum(same), of=len(same))] if any(same) else told


def foresight_text(seen: Foresight, plan: ABPlan) -> str:
    """What a test can see, and by which spread."""
    basis = say("ab.foresight.test", test=seen.test) if seen.test else say("ab.foresight.assumed")
    gain = amount(seen.gain, plan.metric, sign=False)
    return say("ab.foresight", seeds=len(plan.seeds), rows=number(plan.n), gain=gain, basis=basis)


def settle_text(verdict: Verdict) -> str:
    """What would decide an inconclusive test; empty for any other, and where it cannot be told."""
    if verdict.verdict != "INCONCLUSIVE" or not verdict.settle:
        return ""
    seeds, rows = verdict.settle.get("seeds"), verdict.settle.get("rows")
    parts = []
    if seeds:
        cost = duration(float(verdict.settle.get("seconds", 0.0)))
        if "money" in verdict.settle:
            cost += f", {money(verdict.settle['money'], verdict)}"
        parts.append(say("ab.settle.seeds", seeds=seeds, cost=cost))
    if rows:
        groups = verdict.settle.get("groups")
        told = say("ab.settle.groups", rows=number(rows), groups=number(groups)) if groups else None
        parts.append(told or say("ab.settle.rows", rows=number(rows)))
    return " ".join(parts) if parts else say("ab.settle.none")


def further_seeds(verdict: Verdict, places: Sequence[int]) -> int | None:
    """With how many seeds an inconclusive test is worth going on; None where more of them would not decide it either,
    or the gate has no look at so many.

    Of a metric that no single row has nobody can tell: then at the next look.

    Args:
        places: numbers of seeds at which the gate looks.
    """
    if verdict.verdict != "INCONCLUSIVE":
        return None
    least: int | None = verdict.settle.get("seeds") if verdict.settle else verdict.seeds + 1
    return None if least is None else min((place for place in places if place >= least), default=None)


def money(value: float, verdict: Verdict) -> str:
    """A sum with its currency."""
    return f"{value:,.2f} {verdict.extra.get('currency', '')}".strip()


def sorted_ends(guard: Guardrail) -> tuple[str, str]:
    """The ends of a guardrail's interval in words, the smaller number first."""
    ends = (guard_text(guard, guard.lower), guard_text(guard, guard.upper))
    return (ends[1], ends[0]) if guard.kind == "ratio" else ends


def held_text(guard: Guardrail) -> str:
    """Whether a guardrail holds, or is reported only."""
    if guard.reported:
        return say("ab.held.reported") if not _of_class(guard) else say("ab.held.rows", rows=number(guard.rows))
    return say("ab.held.yes" if guard.held else "ab.held.no")


def guard_margin(guard: Guardrail) -> str:
    """What a guardrail allows, in words; a dash where it is reported only."""
    return guard_text(guard, -guard.margin) if math.isfinite(guard.margin) else "–"


def guard_sees(guard: Guardrail) -> str:
    """The fall that a guardrail would have seen, in words; a dash where it would see none."""
    return guard_text(guard, -guard.sees)


def effect_text(effect: RowEffect | None, metric: str) -> str:
    """What a row is worth with its interval, or that it cannot be told."""
    if effect is None or not math.isfinite(effect.effect):
        return "–"
    told = f"{amount(effect.effect, metric)} [{amount(effect.lower, metric)}, {amount(effect.upper, metric)}]"
    return told if effect.lower > 0 or effect.upper < 0 else f"{told} · {say('ab.effect.unclear')}"


__all__ = [
    "doubt_texts",
    "effect_text",
    "foresight_text",
    "further_seeds",
    "guard_margin",
    "guard_name",
    "guard_sees",
    "guard_text",
    "held_text",
    "money",
    "sentence",
    "settle_text",
    "shown_guards",
    "sorted_ends",
    "wanted",
    "worst_first",
]
