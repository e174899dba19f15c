"""The first sentence of a report: is the run better than what costs nothing?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from tunebook.core.messages import say
from tunebook.core.nouns import Report
from tunebook.core.words import baseline_name, is_share, metric_name, score_text, sign_of

Outcome = Literal["better", "unsure", "worse", "none"]


@dataclass(frozen=True)
class Standing:
    """How a run stands against the best baseline.

    Attributes:
        outcome: better or worse where the whole interval lies on one side of the baseline; unsure where it does not;
            none without a baseline.
        sentence: the same in words, with the numbers.
    """

    outcome: Outcome
    sentence: str


def standing(report: Report) -> Standing:
    """Compare the headline score and its interval with the best baseline on the same rows."""
    name = report.headline
    value = report.metrics.get(name, math.nan)
    numbers = {"metric": metric_name(name), "value": score_text(value), "interval": interval_text(report, name)}
    best = best_baseline(report)
    if best is None or math.isnan(value):
        return Standing("none", say("report.verdict.none", **numbers))
    baseline, reached = best
    gain = (value - reached) * sign_of(name)
    outcome = _outcome(report, reached, gain)
    by = say("report.points", value=f"{abs(gain) * 100:.1f}") if is_share(name) else score_text(abs(gain))
    fields = {**numbers, "by": by, "baseline": baseline_name(baseline), "reached": score_text(reached)}
    side = "ahead" if gain > 0 else "behind"
    code = f"report.verdict.{outcome}" if outcome != "unsure" else f"report.verdict.unsure_{side}"
    return Standing(outcome, say(code, **fields))


def _outcome(report: Report, reached: float, gain: float) -> Outcome:
    interval = report.intervals.get(report.headline)
    if interval is None or interval.low <= reached <= interval.high:
        return "unsure"
    return "better" if gain > 0 else "worse"


def best_baseline(report: Report) -> tuple[str, float] | None:
    """Name and headline score of the best baseline; None where none has that score."""
    found = {name: scores.get(report.headline, math.nan) for name, scores in report.baselines.items()}
    known = [(name, value) for name, value in found.items() if not math.isnan(value)]
    sign = sign_of(report.headline)
    return max(known, key=lambda item: sign * item[1], default=None)


def interval_text(report: Report, name: str) -> str:
    """The interval of a score in words; says so where there is none."""
    interval = report.intervals.get(name)
    if interval is None:
        return say("report.no_interval")
    return say("report.interval", low=score_text(interval.low), high=score_text(interval.high))


__all__ = ["Standing", "best_baseline", "interval_text", "standing"]
