"""Does a test bind under the gate of its book? One by a laxer rule proves less; and promotions under a loosened gate.

Whoever may choose alpha, delta, seeds, looks or guardrails after a glance at the runs can have a worthless table pass.
So a promotion compares the frozen plan of a test with the one that the book's gate makes of the same two tables. A
stricter rule is fine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from tunebook.core.errors import RefusedError
from tunebook.core.verdict import Gate, Look
from tunebook.knowledge.log import Entry
from tunebook.stats.sequential import spent
from tunebook.verbs.abtest.ab_plan import ABPlan, Guard
from tunebook.verbs.abtest.spending import Taken, error_of, nested

_ROUNDING = 1e-4  # share by which numbers may differ that are worked out twice


class Lax(NamedTuple):
    """A row of the gate that a test did not keep: what it had, and what is allowed."""

    key: str
    value: Any
    allowed: str


def laxer(plan: ABPlan, asked: ABPlan, gate: Gate) -> Lax | None:
    """In what a test was laxer than its book's gate; None where it binds.

    Args:
        plan: frozen plan of the test.
        asked: what the gate makes of the same two tables.
    """
    return next(_laxities(plan, asked, gate), None)


def too_lax(lax: Lax, plan: ABPlan, book: Path, a: str, name: str) -> RefusedError:
    """Why no promotion of a table rests on such a test against `a`, and which one it needs."""
    more = f" --continue-from {plan.continues}" if plan.continues else ""
    about = {"row": lax.key, "value": lax.value, "allowed": lax.allowed, "more": more}
    return RefusedError("promote.laxer", key=name, name=name, a=a, book=book, **about)


def _laxities(plan: ABPlan, asked: ABPlan, gate: Gate) -> Iterator[Lax]:
    if plan.metric != asked.metric:
        yield Lax("metric", plan.metric, asked.metric)
    for name, known in asked.business.items():
        if plan.business.get(name) != known:
            yield Lax(f"business.{name}", plan.business.get(name, "–"), known)
    if plan.delta_kind != asked.delta_kind:
        yield Lax("delta_kind", plan.delta_kind, asked.delta_kind)
    if plan.delta < asked.delta:
        yield Lax("delta", plan.delta, f">= {asked.delta:g}")
    if plan.alpha > asked.alpha:
        yield Lax("alpha", plan.alpha, f"<= {asked.alpha:g}")
    yield from _seeds(plan.seeds, asked.seeds)
    yield from _looks(plan, gate)
    for wanted in asked.guards:
        yield from _guard(wanted, next((guard for guard in plan.guards if guard.name == wanted.name), None))
    margins = {challenge.hash: challenge.margin for challenge in plan.challenges}
    for rows in asked.challenges:
        if margins.get(rows.hash, math.inf) > rows.margin:
            yield Lax("challenges", margins.get(rows.hash, "–"), f"{rows.path.name}={rows.margin:g}")


def _seeds(seeds: list[int], asked: list[int]) -> Iterator[Lax]:
    """The first seeds, as many as are asked for at least: others could have been picked by their runs."""
    first = list(range(asked[0], asked[0] + len(seeds)))
    if seeds != first:
        yield Lax("seeds", seeds, f"{first[0]}, {first[0] + 1}, …")
    if len(seeds) < len(asked):
        yield Lax("seeds", len(seeds), f">= {len(asked)}")


def _looks(plan: ABPlan, gate: Gate) -> Iterator[Lax]:
    """Looks and end where the gate has them, each of which pays for all of these: runs may be seen before a test is
    asked for, and whoever may choose its end after that has looked at all ends."""
    places = [look.seeds for look in plan.looks]
    if not {*places, len(plan.seeds)} <= set(gate.places):
        yield Lax("looks", places, ", ".join(map(str, gate.places)))
    most = spent(gate.alpha, len(gate.places), tuple(map(float, gate.places)))
    dearest = max(look.alpha for look in plan.looks)
    if dearest > most * (1 + _ROUNDING):
        yield Lax("looks", dearest, f"<= {most:.4g}")


def _guard(wanted: Guard, found: Guard | None) -> Iterator[Lax]:
    """A guard with a margin has one in the test too, no wider, and looks at no fewer classes."""
    if wanted.margin is None:
        return
    key = f"guard.{wanted.name}"
    if found is None or found.margin is None:
        yield Lax(key, "off", f"<= {wanted.margin:g}")
    elif found.margin > wanted.margin:
        yield Lax(key, found.margin, f"<= {wanted.margin:g}")
    elif found.least > wanted.least:
        yield Lax(key, found.least, f"<= {wanted.least}")
    elif found.classes > wanted.classes == 0:  # whose number widens the margin of each
        yield Lax(key, f"{found.margin:g} ({found.classes})", f"<= {wanted.margin:g}")


def rejects(plan: ABPlan, looks: Sequence[Look], gate: Gate) -> bool:
    """Whether a binding test has proven that the gain is less than the gate asks for.

    One that asked for more has, where its upper end lies below the gate's delta too.
    """
    if not looks or looks[-1].verdict != "REJECT":
        return False
    return plan.delta == gate.delta or (gate.delta_kind == "absolute" and looks[-1].upper < gate.delta)


def judged_by(plan: ABPlan, gate: Gate) -> bool:
    """Whether a test has looked as one does on which a promotion under a gate rests: at the first seeds, in the gate's
    metric, by no greater error. Fewer seeds or a smaller delta do not matter: it has seen the same gain."""
    return nested(plan.seeds) and plan.metric == gate.metric and plan.alpha <= gate.alpha


def overspent(draws: Iterable[Sequence[Taken]], alpha: float) -> float | None:
    """The error of looks together, if they may err more often than alpha says.

    Args:
        draws: looks at the same runs each; what other runs, or another metric, may say by luck adds up (Bonferroni).
    """
    found = sum(error_of(looks) for looks in draws)
    return found if found > alpha and not math.isclose(found, alpha, rel_tol=1e-3) else None


def loosened(entries: Iterable[Entry]) -> dict[int, list[str]]:
    """Rows of the gate in which promotions were asked for less than the defaults ask, or than any promotion before.

    Args:
        entries: of the log, from its beginning.

    Returns:
        Number of the entry -> rows; without the promotions that there is nothing to say of.
    """
    found: dict[int, list[str]] = {}
    before: list[Gate] = []
    for entry in entries:
        if entry.action == "promote" and "gate" in entry.evidence:
            with suppress(ValidationError, TypeError):
                gate = Gate(**entry.evidence["gate"])
                usual = Gate(metric=gate.metric, delta_kind=gate.delta_kind)
                rows = dict.fromkeys(row for than in (usual, *before) for row in gate.looser(than))
                before.append(gate)
                if rows:
                    found[entry.number] = list(rows)
    return found


__all__ = ["Lax", "judged_by", "laxer", "loosened", "overspent", "rejects", "too_lax"]
