"""Successive halving over seeds: every table one run, the better half three, the best of these five.

The champion runs along in every rung, as what the others are measured against; it is never out. Scores are of the
validation rows, and all that have reached a rung have the same seeds, so they are compared pair by pair.

Source: Jamieson and Talwalkar, Non-stochastic best arm identification, 2016 (arXiv:1502.07943); the resource that is
doled out is seeds here, not epochs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import stdtrit

from tunebook.core.localized import localized
from tunebook.stats.gate import of_groups
from tunebook.verbs.abtest.looks import gain
from tunebook.verbs.abtest.scored import ArmScores
from tunebook.verbs.racing.budget import RaceContext
from tunebook.verbs.racing.state import CHAMPION, Candidate

RUNGS = (1, 3, 5)  # seeds of each table in it
SURE = 3  # seeds from which on an interval knows of them


def race(context: RaceContext) -> Candidate | None:
    """The winner of the race, bought rung by rung as far as the budget leaves enough for the proof; None without any.

    Where the budget is too short for the proof of even one table, it buys runs as long as one is to be had: more time
    goes on from there.

    Raises:
        OutOfTimeError: so it is, and the rest is spent. TunebookError: as `RaceContext.buy`.
    """
    for number, seeds in enumerate(RUNGS):
        if context.state_file.state.rung > number:
            continue
        field = context.state_file.state.field
        if not field or (number and (len(field) == 1 or _dear(context, field, seeds))):
            break
        if number == 0:
            field = _trim(context, field, seeds)
        _run(context, field, seeds)
        left = ranked(context.state_file.state.field)
        _keep(context, left[: math.ceil(len(left) / 2) if number < len(RUNGS) - 1 else 1], number + 1)
    return _crown(context)


def ranked(field: Sequence[Candidate]) -> list[Candidate]:
    """The best first, by the seeds that all of them have; of equals the one that was there first."""
    seeds = min((len(item.scores) for item in field), default=0)
    return sorted(field, key=lambda item: -item.mean(seeds))


def cost(context: RaceContext, field: Sequence[Candidate], seeds: int) -> float:
    """Seconds of a rung for these and the champion."""
    return sum(context.missing(name, seeds) for name in (CHAMPION, *(item.name for item in field)))


def _dear(context: RaceContext, field: Sequence[Candidate], seeds: int) -> bool:
    """Whether the budget reaches the proof, but not beside this rung."""
    return not _pays(context, field, seeds) and _proof(context, field) <= context.meter.left


def _pays(context: RaceContext, field: Sequence[Candidate], seeds: int) -> bool:
    """Whether the budget buys a rung and leaves enough for the proof, whichever of its tables it will be."""
    return cost(context, field, seeds) + _proof(context, field) <= context.meter.left


def _proof(context: RaceContext, field: Sequence[Candidate]) -> float:
    return max(context.proof(item.name) for item in field)


def _trim(context: RaceContext, field: list[Candidate], seeds: int) -> list[Candidate]:
    """The first of the field that the budget buys; all of it where not even one leaves enough for its proof."""
    for count in range(len(field), 0, -1):
        if _pays(context, field[:count], seeds):
            for item in field[count:]:
                context.state_file.change(item.name, state="not_bought", why=localized("auto.why.not_bought"))
            return field[:count]
    return field


def _run(context: RaceContext, field: Sequence[Candidate], seeds: int) -> None:
    """Buy what is missing, seed by seed."""
    for place in range(seeds):
        for name in (CHAMPION, *(item.name for item in field)):
            item = context.state_file.state.named(name)
            if len(item.scores) <= place and item.state in ("champion", "racing"):
                context.meter.need(context.missing(name, place + 1))
                context.buy(name, place)


def _keep(context: RaceContext, kept: Sequence[Candidate], rung: int) -> None:
    names = {item.name for item in kept}
    out = [
        item.model_copy(update={"state": "out"}) if item.state == "racing" and item.name not in names else item
        for item in context.state_file.state.candidates
    ]
    context.state_file.write(candidates=out, rung=rung, seconds=context.meter.spent)


def _crown(context: RaceContext) -> Candidate | None:
    """Call the best of those that are left the finalist."""
    field = ranked(context.state_file.state.field)
    if not field:
        return None
    _keep(context, field[:1], len(RUNGS))
    return context.state_file.change(field[0].name, state="finalist").finalist


def measure_leads(context: RaceContext) -> None:
    """Write down the gain over the champion of every table that has run, with the ends of its interval."""
    state = context.state_file.state
    own = context.candidate_scores(state.champion)
    if own is None:
        return
    found = []
    for item in state.candidates:
        arm_scores = context.candidate_scores(item) if item.scores and item.state != "champion" else None
        if arm_scores is not None:
            seeds = min(len(arm_scores.logits), len(own.logits))
            item = item.model_copy(
                update=lead(own.first(seeds), arm_scores.first(seeds), state.spec.metric, state.spec.alpha)
            )
        found.append(item)
    context.state_file.write(candidates=found)


def lead(a: ArmScores, b: ArmScores, metric: str, alpha: float) -> dict[str, Any]:
    """`gain`, `lower` and `upper` of B over A; with fewer than three seeds the interval is of the rows alone, or of
    the groups of rows.

    The ends are None where so few seeds have a metric that is no mean of rows.
    """
    if len(a.logits) >= SURE:
        effect = gain(a, b, metric, alpha)
        return {"gain": effect.mean, "lower": effect.lower, "upper": effect.upper}
    mean = float(b.scores(metric).mean() - a.scores(metric).mean())
    of_a, of_b = a.rows(metric), b.rows(metric)
    if of_a is None or of_b is None or of_a.shape[1] < 2:
        return {"gain": mean, "lower": None, "upper": None}
    apart = (of_b - of_a).mean(0)
    if a.exam.groups is not None:
        apart = of_groups(apart[None], a.exam.groups)[0]
    half = float(stdtrit(len(apart) - 1, 1 - alpha) * apart.std(ddof=1) / np.sqrt(len(apart)))
    return {"gain": mean, "lower": mean - half, "upper": mean + half}


__all__ = ["RUNGS", "SURE", "cost", "lead", "measure_leads", "race", "ranked"]
