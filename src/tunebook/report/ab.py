"""The report of an A/B test: one HTML file that needs nothing else, its first line the verdict."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from tunebook.core.formatting import (
    amount,
    duration,
    is_share,
    memory,
    metric_name,
    number,
    phrase,
    possible,
    score_text,
    shown,
)
from tunebook.core.messages import say
from tunebook.core.verdict import Verdict
from tunebook.report.ab_words import (
    doubt_texts,
    effect_text,
    guard_margin,
    guard_name,
    guard_sees,
    guard_text,
    held_text,
    money,
    settle_text,
    shown_guards,
    sorted_ends,
    wanted,
)
from tunebook.report.page import write_page
from tunebook.report.plots.curves import Bundle, band_plot
from tunebook.report.plots.intervals import Line, Span, interval_plot, paired_plot
from tunebook.report.retention import arm_rows

_OUTCOMES = {"STRONG": "better", "PROMOTE": "better", "REJECT": "worse", "INCONCLUSIVE": "unsure"}
_KIND = {"a": "s2", "b": "s1"}


@dataclass(frozen=True)
class Shown:
    """What the report tells beside the verdict.

    Attributes:
        changes: rows whose values differ, as `tables.in_force.diff`.
        histories: what was logged by each run of A, and of B.
        flipped: `won` and `lost` -> rows: id, text, pair, true, a, b.
        plan: the frozen plan of the test.
    """

    changes: Sequence[dict[str, Any]] = ()
    histories: tuple[Sequence[Any], Sequence[Any]] = ((), ())
    flipped: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    plan: dict[str, Any] = field(default_factory=dict)


def write_ab_report(folder: Path, verdict: Verdict, told: Shown) -> Path:
    """Write `report.html` into the folder of a test. Parts that are empty are left out."""
    return write_page(
        folder / "report.html",
        "ab.html.j2",
        verdict=verdict,
        names=(f"v{verdict.a}", f"v{verdict.b}"),
        outcome=_outcome(verdict),
        settle=settle_text(verdict),
        warnings=doubt_texts(verdict),
        facts=_facts(verdict),
        effect_plot=_effect_plot(verdict),
        pairs_plot=_pairs_plot(verdict),
        seeds=_seed_rows(verdict),
        figures=_figures(verdict),
        metrics=_metric_rows(verdict),
        curves=_curves(verdict, told.histories),
        costs=_cost_rows(verdict),
        guards=_guard_rows(verdict),
        classes=shown_guards(verdict)[1],
        kept=arm_rows(verdict),
        rows=_changed_rows(verdict, told.changes),
        methods=[phrase("ab.method", method) for method in _methods(verdict)],
        flipped={"won": [], "lost": [], **told.flipped},
        plan=[
            (phrase("ab.planned", name), shown(value))
            for name, value in told.plan.items()
            if isinstance(value, str | int | float)
        ],
        limits=_limits(verdict),
    )


def _outcome(verdict: Verdict) -> str:
    """The class of the first line: a gain that broke a guardrail is not shown as good."""
    found = _OUTCOMES[verdict.verdict]
    return "unsure" if found == "better" and not verdict.passed else found


def _facts(verdict: Verdict) -> list[tuple[str, str]]:
    return [
        (say("ab.fact.verdict"), verdict.verdict),
        (say("ab.fact.metric"), metric_name(verdict.metric)),
        (say("ab.fact.delta"), wanted(verdict)),
        (say("ab.fact.alpha"), f"{verdict.alpha * 100:g} %"),
        (say("ab.fact.seeds"), str(verdict.seeds)),
        (say("ab.fact.looks"), " · ".join(f"{look.seeds} ({look.verdict})" for look in verdict.history)),
        (say("report.fact.rows"), f"{number(verdict.n)} ({phrase('split', verdict.split)})"),
        (say("ab.fact.test"), verdict.test),
        *([(say("ab.fact.continues"), verdict.continues)] if verdict.continues else []),
    ]


def _scale(verdict: Verdict) -> tuple[float, str]:
    """What values are multiplied by on an axis, and what the axis is called."""
    name = metric_name(verdict.metric)
    share = is_share(verdict.metric)
    return (100.0, say("ab.axis.points", metric=name)) if share else (1.0, say("ab.axis.gain", metric=name))


def _effect_plot(verdict: Verdict) -> Markup:
    factor, axis = _scale(verdict)

    def span(label: str, value: float, low: float, high: float) -> Span:
        low, high = possible(low, verdict.metric), possible(high, verdict.metric)
        text = f"{value * factor:+.2f}  [{low * factor:+.2f}, {high * factor:+.2f}]"
        return Span(label, value * factor, low * factor, high * factor, text)

    spans = [
        span(say("ab.look", seeds=look.seeds), look.gain, look.lower, look.upper)
        for look in verdict.history
        if math.isfinite(look.lower)
    ]
    drawn = verdict.extra.get("bootstrap")
    if drawn:
        spans.append(span(say("ab.bootstrap"), drawn["mean"], drawn["lower"], drawn["upper"]))
    lines = [Line(0.0, say("ab.line.zero"))]
    least = _least(verdict)
    if least > 0:
        lines.append(Line(least * factor, say("ab.line.delta", delta=wanted(verdict))))
    return interval_plot(say("ab.plot.effect"), spans, lines, axis)


def _least(verdict: Verdict) -> float:
    scores = verdict.extra.get("scores", {}).get("a", [])
    if verdict.delta_kind == "absolute" or not scores:
        return verdict.delta
    return float(verdict.delta * abs(sum(scores) / len(scores)))


def _pairs_plot(verdict: Verdict) -> Markup | None:
    scores = verdict.extra.get("scores")
    if not scores:
        return None
    both = list(zip(scores["a"], scores["b"], strict=True))
    seeds = verdict.extra.get("seeds") or list(range(1, len(both) + 1))
    return paired_plot(
        say("ab.plot.pairs"), (f"v{verdict.a}", f"v{verdict.b}"), both, seeds, metric_name(verdict.metric)
    )


def _seed_rows(verdict: Verdict) -> list[list[str]]:
    """Seed, score of A, of B, difference, rows won and lost, p of McNemar's test."""
    scores = verdict.extra.get("scores", {"a": [], "b": []})
    tests = verdict.extra.get("mcnemar") or [None] * len(scores["a"])
    seeds = verdict.extra.get("seeds") or list(range(1, len(scores["a"]) + 1))
    return [
        [
            str(seed), score_text(a), score_text(b), amount(b - a, verdict.metric),
            *([number(test["won"]), number(test["lost"]), f"{test['p']:.3g}"] if test else ["–", "–", "–"]),
        ]
        for seed, a, b, test in zip(seeds, scores["a"], scores["b"], tests, strict=True)
    ]  # fmt: skip


def _figures(verdict: Verdict) -> list[tuple[str, str]]:
    extra = verdict.extra
    found = []
    if verdict.flips:
        found.append((say("ab.figure.flips"), f"{number(verdict.flips['won'])} / {number(verdict.flips['lost'])}"))
    if "p_better" in extra:
        found.append((say("ab.figure.p_better"), f"{extra['p_better']:.2f}"))
    if "seed_sd" in extra:
        both = " / ".join(amount(extra["seed_sd"][side], verdict.metric, sign=False) for side in "ab")
        found.append((say("ab.figure.seed_sd"), both))
    if "aso" in extra:
        found.append((say("ab.figure.aso"), f"{extra['aso']:.2f}"))
    return found


def _metric_rows(verdict: Verdict) -> list[list[str]]:
    return [
        [metric_name(name), score_text(a), score_text(b), amount(b - a, name)]
        for name, (a, b) in verdict.extra.get("metrics", {}).items()
    ]


def _curves(verdict: Verdict, histories: tuple[Sequence[Any], Sequence[Any]]) -> list[tuple[str, Markup]]:
    """Training loss and the metric on the validation rows, over epochs, both arms with their bands."""
    wanted_curves = [
        ("loss", say("ab.plot.loss"), say("report.loss")),
        ("eval_loss", say("ab.plot.eval_loss"), say("report.loss")),
        (f"eval_{verdict.metric}", say("ab.plot.metric"), metric_name(verdict.metric)),
    ]
    plots = []
    for name, label, axis in wanted_curves:
        bundles = [
            Bundle(f"v{version}", [_points(history, name) for history in runs], _KIND[side])
            for side, version, runs in zip("ab", (verdict.a, verdict.b), histories, strict=True)
        ]
        plots.append((label, band_plot(label, bundles, (say("ab.epoch"), axis))))
    return [(label, plot) for label, plot in plots if plot is not None]


def _points(history: Sequence[dict[str, float]], name: str) -> list[tuple[float, float]]:
    found = [(entry.get("epoch"), entry.get(name)) for entry in history]
    return [(float(x), float(y)) for x, y in found if x is not None and y is not None and math.isfinite(y)]


def _cost_rows(verdict: Verdict) -> list[list[str]]:
    """What it is, A, B, and B / A."""
    a, b = (verdict.extra.get("arms", {}).get(side, {}) for side in "ab")
    words: dict[str, Callable[[Any], str]] = {
        "seconds": duration,
        "device_hours": lambda value: f"{value:.3f}",
        "money": lambda value: money(value, verdict),
        "peak_memory_bytes": memory,
        "p50_ms": lambda value: f"{value:.1f} ms",
        "p99_ms": lambda value: f"{value:.1f} ms",
        "size": memory,
        "failed": number,
        "reused": number,
        "device": str,
    }
    rows = []
    for name, text in words.items():
        if name in a and name in b:
            ratio = f"{b[name] / a[name]:.2f}" if not isinstance(a[name], str) and a[name] else "–"
            rows.append([say(f"ab.cost.{name}"), text(a[name]), text(b[name]), ratio])
    return rows


def _guard_rows(verdict: Verdict) -> list[dict[str, Any]]:
    return [
        {
            "name": guard_name(guard),
            "gain": guard_text(guard, guard.gain),
            "ends": " … ".join(sorted_ends(guard)),
            "margin": guard_margin(guard),
            "sees": guard_sees(guard),
            "held": held_text(guard),
            "kind": "soft" if guard.reported else "good" if guard.held else "bad",
        }
        for guard in shown_guards(verdict)[0]
    ]


def _methods(verdict: Verdict) -> list[str]:
    return list(dict.fromkeys(effect.method for effect in verdict.effects))


def _changed_rows(verdict: Verdict, changes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each changed row with both values and its effect by each method."""
    known = {(effect.row, effect.method): effect for effect in verdict.effects}
    rows = []
    for change in changes:
        name = str(change["row"])
        key = name.partition(".")[0]
        found = [known.get((name, method)) or known.get((key, method)) for method in _methods(verdict)]
        effects = [effect_text(effect, verdict.metric) for effect in found]
        rows.append({"name": name, "from": shown(change["from"]), "to": shown(change["to"]), "effects": effects})
    return rows


def _limits(verdict: Verdict) -> list[str]:
    found = [say("ab.limit.delta"), say("ab.limit.rows"), say("ab.limit.validation")]
    failed = sum(verdict.extra.get("arms", {}).get(side, {}).get("failed", 0) for side in "ab")
    if failed:
        found.append(say("ab.limit.failed", count=failed))
    if "ab.warn.again" in verdict.extra.get("warnings", []):
        found.append(say("ab.limit.again"))
    return found


__all__ = ["Shown", "write_ab_report"]
