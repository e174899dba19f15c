"""The page of an auto: the race, the proof, the baselines, and what the best of N would have been worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from tunebook.core.formatting import amount, baseline_name, duration, is_share, metric_name, number, score_text
from tunebook.core.messages import say
from tunebook.report.ab_words import sentence, settle_text
from tunebook.report.auto_words import (
    bare,
    baseline_text,
    best_of_n_text,
    broken_texts,
    candidate_name,
    ending,
    level_text,
    spent_text,
    standing_headings,
    standing_rows,
)
from tunebook.report.page import write_page
from tunebook.report.plots.intervals import Line, Span, interval_plot
from tunebook.verbs.racing.outcome import AutoResult

_KINDS = {"promoted": "better", "refused": "unsure", "not_passed": "unsure"}


def write_auto_report(folder: Path, result: AutoResult) -> Path:
    """Write `report.html` into the folder of an auto; parts that are not known yet are left out."""
    state = result.state
    return write_page(
        folder / "report.html",
        "auto.html.j2",
        result=result,
        kind=_KINDS.get(state.ended, ""),
        ending=ending(result),
        facts=_facts(result),
        leads=_leads(result),
        level=level_text(state),
        headings=standing_headings(state.spec.metric),
        standing=standing_rows(state),
        whys=[(candidate_name(item.name), item.why) for item in state.candidates if item.why],
        proof=_proof(result),
        test=f"tests/{state.test}/report.html" if state.test else "",
        baseline=baseline_text(state),
        baselines=_baselines(result),
        table=candidate_name(state.best_baseline.against) if state.best_baseline else "",
        luck=state.luck,
        luck_text=best_of_n_text(state.luck, state.spec.metric),
        luck_plot=_luck(result),
        limits=_limits(result),
    )


def _facts(result: AutoResult) -> list[tuple[str, str]]:
    state = result.state
    return [
        (say("auto.page.fact.champion"), f"v{result.before}"),
        (say("auto.page.fact.metric"), metric_name(state.spec.metric)),
        (say("auto.page.fact.seeds"), ", ".join(map(str, state.spec.seeds))),
        (say("auto.page.fact.spent"), spent_text(state, result.minutes)),
    ]


def _span(result: AutoResult, label: str, gain: float, low: float | None, high: float | None) -> Span:
    """A gain on the axis of the plots: points of a share, else the metric's own unit."""
    metric = result.state.spec.metric
    factor = 100.0 if is_share(metric) else 1.0
    first, last = (gain if end is None else end for end in (low, high))
    text = bare(gain, metric)
    if low is not None and high is not None:
        text += f"  [{bare(low, metric)}, {bare(high, metric)}]"
    return Span(label, gain * factor, first * factor, last * factor, text)


def _axis(metric: str) -> str:
    code = "ab.axis.points" if is_share(metric) else "ab.axis.gain"
    return say(code, metric=metric_name(metric))


def _leads(result: AutoResult) -> Markup | str:
    state, verdict = result.state, result.verdict
    ran = sorted(
        (item for item in state.candidates if item.gain is not None),
        key=lambda item: (item.state != "finalist", -(item.gain or 0.0)),
    )
    spans = [_span(result, candidate_name(item.name), item.gain or 0.0, item.lower, item.upper) for item in ran]
    if verdict is not None:
        proven = [("gate_span", (verdict.gain, verdict.lower, verdict.upper))]
        if scores := state.test_scores:
            proven.append(("promotion_span", (scores["gain"], scores["lower"], scores["upper"])))
        spans += [_span(result, say(f"auto.page.{code}", version=f"v{verdict.b}"), *ends) for code, ends in proven]
    if not spans:
        return ""
    return interval_plot(
        say("auto.page.gain"), spans, [Line(0.0, say("ab.line.zero"))], _axis(result.state.spec.metric)
    )


def _proof(result: AutoResult) -> list[str]:
    """What the gate and the promotion said, in sentences."""
    if result.verdict is None:
        return [say("auto.page.no_proof")]
    told = [sentence(result.verdict), settle_text(result.verdict), *broken_texts(result)]
    if result.state.ended == "refused":
        told.append(str(result.state.reason))
    return [text for text in told if text]


def _baselines(result: AutoResult) -> list[dict[str, Any]]:
    metric = result.state.spec.metric
    return [
        {
            "name": baseline_name(item.name),
            "score": score_text(item.score),
            "gain": "–" if item.gain is None else amount(item.gain, metric),
            "ends": "–" if item.lower is None else f"{bare(item.lower, metric)} … {bare(item.upper or 0.0, metric)}",
            "time": duration(item.seconds),
            "good": item.better,
        }
        for item in sorted(result.state.baselines, key=lambda item: -item.score)
    ]  # fmt: skip


def _luck(result: AutoResult) -> Markup | str:
    luck = result.state.luck
    if luck is None or not luck.picked:
        return ""
    spans = [
        _span(result, say("auto.page.luck_seen"), luck.seen, luck.seen_low, luck.seen_high),
        _span(result, say("auto.page.luck_kept"), luck.kept, luck.kept_low, luck.kept_high),
    ]
    return interval_plot(
        say("auto.page.luck", tries=luck.tries),
        spans,
        [Line(0.0, say("ab.line.zero"))],
        _axis(result.state.spec.metric),
    )


def _limits(result: AutoResult) -> list[str]:
    codes = [
        "space",
        "race",
        *(["out"] if any(item.state == "out" for item in result.state.candidates) else []),
        "again",
    ]
    return [say(f"auto.page.limit.{code}", rows=number(result.rows)) for code in codes]


__all__ = ["write_auto_report"]
