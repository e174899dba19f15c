"""How far each table of the race is ahead of the champion, by the seeds that both have."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import stdtrit

from tunebook.abtest.looks import gain
from tunebook.abtest.marks import Marks
from tunebook.racing.desk import Desk
from tunebook.stats.gate import of_groups

SURE = 3  # seeds from which on an interval knows of them


def measure_leads(desk: Desk) -> None:
    """Write down the gain over the champion of every table that has run, with the ends of its interval."""
    state = desk.diary.state
    own = desk.marks_of(state.champion)
    if own is None:
        return
    found = []
    for item in state.candidates:
        marks = desk.marks_of(item) if item.scores and item.state != "champion" else None
        if marks is not None:
            seeds = min(len(marks.logits), len(own.logits))
            item = item.model_copy(
                update=lead(own.first(seeds), marks.first(seeds), state.spec.metric, state.spec.alpha)
            )
        found.append(item)
    desk.diary.write(candidates=found)


def lead(a: Marks, b: Marks, metric: str, alpha: float) -> dict[str, Any]:
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


__all__ = ["SURE", "lead", "measure_leads"]
