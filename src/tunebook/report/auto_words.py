"""An auto in words, for its page and for the terminal."""

from __future__ import annotations

import math
import shlex
from functools import reduce
from typing import Any

from tunebook.core.formatting import amount, baseline_name, duration, is_share, metric_name, score_text, shown
from tunebook.core.messages import say
from tunebook.core.verdict import Guardrail
from tunebook.report.ab_words import guard_margin, guard_name, guard_text, sorted_ends
from tunebook.verbs.racing.outcome import AutoResult
from tunebook.verbs.racing.race import SURE
from tunebook.verbs.racing.state import CHAMPION, RECOMMENDED, AutoState, BaselineScore, BestOfN, Candidate


def candidate_name(name: str, state: AutoState | None = None) -> str:
    """What a table of the race is called; with its version, once it has one."""
    known = name in (CHAMPION, RECOMMENDED)
    told = say(f"auto.name.{name}") if known else say("auto.name.drawn", number=name)
    if state is None:
        return told
    if name == CHAMPION:
        return f"{told} (v{state.spec.version})"
    finalist = state.finalist
    return f"{told} (v{state.version})" if state.version and finalist and finalist.name == name else told


def changed_text(item: Candidate) -> str:
    """The rows in which a table differs from the champion."""
    return ", ".join(f"{name}={shown(value)}" for name, value in item.changed.items()) or "–"


def lead_text(item: Candidate, metric: str) -> str:
    """The gain over the champion with its interval; a dash where there is none."""
    if item.gain is None:
        return "–"
    told = bare(item.gain, metric)
    if item.lower is None or item.upper is None:
        return told
    return f"{told} [{bare(item.lower, metric)}, {bare(item.upper, metric)}]"


def bare(value: float, metric: str) -> str:
    """An end of an interval without its unit."""
    return amount(value, metric).partition(" ")[0]


def standing_rows(state: AutoState) -> list[tuple[str, ...]]:
    """Name, changed rows, seeds, mean score, lead and state of each table, the best first in each standing."""
    order = ("champion", "finalist", "racing", "out", "failed", "not_bought", "refused")
    tables = sorted(state.candidates, key=lambda item: (order.index(item.state), -_or_zero(item.mean())))
    return [
        (
            candidate_name(item.name, state),
            changed_text(item),
            str(len(item.scores)),
            score_text(item.mean() if item.scores else None),
            lead_text(item, state.spec.metric),
            say(f"auto.state.{item.state}"),
        )
        for item in tables
    ]


def _or_zero(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def standing_headings(metric: str) -> list[str]:
    """Headings of `standing_rows`."""
    names = [say(f"auto.{name}") for name in ("table", "changed", "seeds")]
    gain = say("auto.lead.points" if is_share(metric) else "auto.lead")
    return [*names, metric_name(metric), gain, say("auto.state")]


def spent_text(state: AutoState, minutes: float) -> str:
    """What was spent of the budget, and on how many runs."""
    parts = say("cli.comma").join(say(f"auto.part.{name}", runs=runs) for name, runs in state.runs.items() if runs)
    limit = duration(minutes * 60)
    return say("auto.of_budget", spent=duration(state.seconds), limit=limit, runs=parts or say("auto.no_runs"))


def ending(result: AutoResult) -> str:
    """How it ended, or that the budget did, or the patience."""
    state = result.state
    if not state.ended and state.stopped:
        spent, limit = duration(state.seconds), duration(result.minutes * 60)
        return say("auto.ended.stopped", spent=spent, limit=limit, command=again_command(result))
    if not state.ended:
        return say("auto.ended.budget", minutes=f"{result.minutes:g}", needed=duration(state.needed))
    if state.ended == "none_better":
        return str(state.reason)
    versions = {"version": f"v{state.version}", "before": f"v{result.before}"}
    if result.broken:
        names = reduce(
            lambda first, second: say("ab.said.list", first=first, second=second), map(guard_name, result.broken)
        )
        return say("auto.ended.guarded", names=names, **versions)
    return say(f"auto.ended.{state.ended}", **versions)


def again_command(result: AutoResult) -> str:
    """The command that goes on with this auto: the same one."""
    words = ("tunebook", "auto", result.path.parents[1], "--minutes", f"{result.minutes:g}")
    return shlex.join(map(str, (*words, "--try", result.state.spec.tries)))


def beyond(guard: Guardrail) -> bool:
    """Whether what was seen is itself beyond the margin, so that a narrower interval would hardly clear it."""
    return guard.gain <= -guard.margin


def broken_texts(result: AutoResult) -> list[str]:
    """How far each guardrail that is not held fell, and whether more seeds or rows could clear it."""
    return [
        say(
            f"auto.guard.{'fell' if beyond(guard) else 'open'}",
            name=guard_name(guard),
            gain=guard_text(guard, guard.gain),
            lower=sorted_ends(guard)[0],
            upper=sorted_ends(guard)[1],
            margin=guard_margin(guard),
        )
        for guard in result.broken
    ]


def baseline_text(state: AutoState) -> str:
    """What the best baseline is worth beside the best table; empty before both are known."""
    best = state.best_baseline
    if best is None or best.gain is None:
        return ""
    metric = state.spec.metric
    words: dict[str, Any] = {
        "name": baseline_name(best.name),
        "metric": metric_name(metric),
        "score": score_text(best.score),
        "table": candidate_name(best.against, state),
        "time": duration(best.seconds),
        "gain": amount(best.gain, metric),
    }
    code = "surely" if best.surely else "better" if best.better else "beaten"
    return say(f"auto.cheap.{code}", interval=_interval(best, state), **words)


def level_text(state: AutoState) -> str:
    """How sure its intervals are: both ends together."""
    return f"{100 * (1 - 2 * state.spec.alpha):g} %"


def _interval(item: BaselineScore, state: AutoState) -> str:
    if item.lower is None or item.upper is None:
        return ""
    code = "interval" if item.seeds >= SURE else "of_rows"
    ends = {"lower": bare(item.lower, state.spec.metric), "upper": bare(item.upper, state.spec.metric)}
    return say(f"auto.cheap.{code}", level=level_text(state), **ends)


def best_of_n_text(luck: BestOfN | None, metric: str) -> str:
    """What the best of N by one run each would have been worth; empty where that is not known."""
    if luck is None:
        return ""
    if not luck.picked:
        return say("auto.luck.never", tries=luck.tries)
    return say(
        "auto.luck",
        tries=luck.tries,
        no_better=f"{luck.no_better:.0%}",
        seen=amount(luck.seen, metric),
        kept=amount(luck.kept, metric),
    )


__all__ = [
    "again_command",
    "bare",
    "baseline_text",
    "best_of_n_text",
    "beyond",
    "broken_texts",
    "candidate_name",
    "changed_text",
    "ending",
    "lead_text",
    "level_text",
    "spent_text",
    "standing_headings",
    "standing_rows",
]
