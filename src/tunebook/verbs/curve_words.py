"""What a learning curve costs, in words, before anything is trained."""

from __future__ import annotations

from pathlib import Path

from tunebook.core.formatting import duration, number
from tunebook.core.messages import say
from tunebook.report.plan_words import time_text
from tunebook.verbs.curve import CurveCost
from tunebook.verbs.steps.pace import pace_of


def begins(told: CurveCost, runs: Path) -> str:
    """How many runs are lacking and how long they take; `runs` is the folder of those that tell how fast it goes."""
    if told.seconds is None:
        return say("curve.begins_frozen", runs=told.runs)
    return say(
        "curve.begins", runs=told.runs, time=time_text(told.seconds, pace_of(runs)), trainings=f"{told.trainings:.1f}"
    )


def cost_lines(told: CurveCost) -> tuple[list[str], list[list[str]]]:
    """Headings, and a line each size: its rows, the runs that are lacking, their time and its share."""
    whole = told.seconds or 0.0
    headings = [say("curve.axis"), say("curve.lacking"), say("curve.time"), say("curve.cost_share")]
    lines = [
        [
            number(size.rows),
            str(size.runs),
            "–" if size.seconds is None else duration(size.seconds),
            "–" if size.seconds is None or not whole else f"{size.seconds / whole:.0%}",
        ]
        for size in told.sizes
    ]
    return headings, lines


__all__ = ["begins", "cost_lines"]
