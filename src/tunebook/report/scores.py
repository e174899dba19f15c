"""What a run is worth: its verdict against the baselines, and metrics with intervals."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from markupsafe import Markup

from tunebook.core.business import Business
from tunebook.core.formatting import (
    amount,
    baseline_name,
    is_share,
    metric_name,
    metric_of,
    score_text,
    sign_of,
)
from tunebook.core.messages import say
from tunebook.core.nouns import Interval, Plan, Report
from tunebook.core.registry import task_of
from tunebook.report.plots.intervals import Dot, dot_plot

PROBE = "linear_probe"
Outcome = Literal["better", "unsure", "worse", "none"]


@dataclass(frozen=True)
class Standing:
    """How a run stands against the best baseline.

    Attributes:
        outcome: better or worse where the whole interval of the difference, row by row, lies on one side of 0 (of the
            score on one side of the baseline, where only that was kept); unsure where it does not; none without a
            baseline.
        sentence: the same in words, with the numbers.
    """

    outcome: Outcome
    sentence: str


def standing(report: Report) -> Standing:
    """Compare the headline score and its interval with the best baseline on the same rows. A run is not better while a
    baseline that has no such score, as one that only writes, is ahead of it by another."""
    found = _by_headline(report)
    beyond = _ahead_by_another(report)
    if beyond is None:
        return found
    baseline, metric = beyond
    reached, value = score_text(report.baselines[baseline][metric]), score_text(report.metrics[metric])
    told = say(
        "report.verdict.another",
        baseline=baseline_name(baseline), metric=metric_name(metric), reached=reached, value=value,
        interval=interval_text(report, metric),
    )  # fmt: skip
    return Standing("unsure" if found.outcome == "better" else found.outcome, f"{found.sentence} {told}")


def _ahead_by_another(report: Report) -> tuple[str, str] | None:
    """A baseline without the headline score, and a score, more being better, by which it is ahead of the run's whole
    interval; None where there is none."""
    others = [
        (name, scores) for name, scores in report.baselines.items() if math.isnan(scores.get(report.headline, math.nan))
    ]
    more = [metric for metric in report.intervals if (known := metric_of(metric)) and known.better == "more"]
    found = ((name, metric) for name, scores in others for metric in more if _beyond(report, scores, metric))
    return next(found, None)


def _beyond(report: Report, scores: Mapping[str, float], metric: str) -> bool:
    return scores.get(metric, math.nan) > report.intervals[metric].high


def _by_headline(report: Report) -> Standing:
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
    paired = say("report.verdict.paired", **_ends_of(report)) if outcome != _alone(report, reached, gain) else ""
    return Standing(outcome, " ".join(part for part in (say(code, **fields), paired) if part))


def _outcome(report: Report, reached: float, gain: float) -> Outcome:
    """By the rows that both have answered; an interval without width says nothing of other rows."""
    ahead = report.ahead
    if ahead is None:
        return _alone(report, reached, gain)
    if not ahead.low < ahead.high or ahead.low <= 0 <= ahead.high:
        return "unsure"
    return "better" if gain > 0 else "worse"


def _alone(report: Report, reached: float, gain: float) -> Outcome:
    """By the interval of the run's own score."""
    interval = report.intervals.get(report.headline)
    if interval is None or interval.low <= reached <= interval.high:
        return "unsure"
    return "better" if gain > 0 else "worse"


def _ends_of(report: Report) -> dict[str, str]:
    """The difference from the best baseline and the ends of its interval, in words."""
    name, ahead = report.headline, report.ahead
    assert ahead is not None  # else no outcome differs
    return {part: amount(getattr(ahead, part), name) for part in ("value", "low", "high")}


def probe_may_pay(report: Report, plan: Plan, pairs: bool) -> bool:
    """Whether a linear model on the frozen base model is the best baseline, this run is not ahead of it, and the same
    could be had as a model: by a linear probe, of single texts, whose head reads what the baseline reads.

    Args:
        pairs: rows are pairs of texts.
    """
    best, value = best_baseline(report), report.metrics.get(report.headline, math.nan)
    if best is None or best[0] != "frozen_logreg" or (value - best[1]) * sign_of(report.headline) > 0:
        return False
    return not pairs and PROBE not in plan.techniques and "row_logits" in task_of(plan.task).gives


def probe_hint(pays: bool, book: str = "BOOK") -> str:
    """How to train a linear probe, in a sentence; empty where it would not pay."""
    words = shlex.join(["tunebook", "train", book, "--set", f"{PROBE}=on"])
    return say("report.verdict.probe", command=words) if pays else ""


def best_baseline(report: Report) -> tuple[str, float] | None:
    """Name and headline score of the best baseline; None where none has that score."""
    return best_of(report, report.headline)


def best_of(report: Report, metric: str) -> tuple[str, float] | None:
    """The baseline that does best in a metric, and its score; None where none has that score."""
    found = {name: scores.get(metric, math.nan) for name, scores in report.baselines.items()}
    known = [(name, value) for name, value in found.items() if not math.isnan(value)]
    sign = sign_in(report, metric)
    return max(known, key=lambda item: sign * item[1], default=None)


def sign_in(report: Report, metric: str) -> int:
    """1 where more of a score of a report is better, -1 where less is; of a metric of the owner's as book.toml said."""
    own = report.extra.get("business", {}).get(metric)
    if own is None:
        return sign_of(metric)
    return Business.model_validate({key: value for key, value in own.items() if key != "hash"}).sign


def interval_text(report: Report, name: str) -> str:
    """The interval of a score in words; says so where there is none."""
    interval = report.intervals.get(name)
    if interval is None:
        return say("report.no_interval")
    return say("report.interval", low=score_text(interval.low), high=score_text(interval.high))


def score_rows(report: Report) -> list[dict[str, Any]]:
    """One record a metric: name, value, interval and what each baseline reaches; the headline first."""
    order = sorted(report.metrics, key=lambda name: (name != report.headline, name not in report.intervals))
    return [
        {
            "name": metric_name(name) + unit_text(report, name),
            "headline": name == report.headline,
            "value": score_text(report.metrics[name]),
            "interval": _ends(report, name),
            "baselines": [score_text(scores.get(name)) for scores in report.baselines.values()],
        }
        for name in order
    ]


def unit_text(report: Report, name: str) -> str:
    """The unit of a metric of the owner's behind its name; empty where it has none."""
    unit = report.extra.get("business", {}).get(name, {}).get("unit", "")
    return f" ({unit})" if unit else ""


def _ends(report: Report, name: str) -> str:
    interval = report.intervals.get(name)
    return f"{score_text(interval.low)} – {score_text(interval.high)}" if interval else "–"


def all_notes(report: Report) -> list[str]:
    """One line for all that is to be minded, with the names of the scores that it is about."""
    of: dict[str, list[str]] = {}
    for name, notes in report.interval_notes.items():
        for note in notes:
            of.setdefault(str(note), []).append(metric_name(name))
    groups = [say("report.in_groups", count=report.groups)] if report.groups else []
    return groups + [say("report.noted", metrics=", ".join(names), note=note) for note, names in of.items()]


def headline_plot(report: Report) -> Markup | None:
    """Scores that have an interval and a common scale, with the baselines; None where there are none."""
    lines = []
    for name, interval in report.intervals.items():
        if not is_share(name) or sign_of(name) < 0:
            continue
        reached = {baseline_name(key): scores[name] for key, scores in report.baselines.items() if name in scores}
        known = {key: value for key, value in reached.items() if value == value}
        lines.append(Dot(metric_name(name), interval.value, interval.low, interval.high, known))
    if not lines:
        return None
    lines.sort(key=lambda line: line.label != metric_name(report.headline))
    names = [baseline_name(key) for key in report.baselines]
    return dot_plot(say("report.plot.scores"), say("report.this_run"), lines, names)


def spanned(span: Interval, sign: str = "") -> str:
    """A value with the ends of its interval; `+` shows the sign of a difference."""
    value, low, high = (f"{part:{sign}.3f}" for part in (span.value, span.low, span.high))
    return f"{value} ({low} … {high})"


__all__ = [
    "PROBE",
    "Standing",
    "all_notes",
    "best_baseline",
    "best_of",
    "headline_plot",
    "interval_text",
    "probe_hint",
    "probe_may_pay",
    "score_rows",
    "sign_in",
    "spanned",
    "standing",
    "unit_text",
]
