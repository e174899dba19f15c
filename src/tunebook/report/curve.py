"""The page of a learning curve: how many more rows it takes, points and law, and the classes that need rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from tunebook.core.formatting import duration, metric_name, number, score_text
from tunebook.core.messages import say
from tunebook.core.nouns import Interval
from tunebook.core.sections import Annotated, Column, Table
from tunebook.report.page import write_page
from tunebook.report.plots.learning import Level, Size, learning_plot
from tunebook.stats.learning_curve import WEAK, LearningCurve, Needed

_CLASSES = 40


def write_curve(path: Path, found: LearningCurve) -> Path:
    """Write the page."""
    view: dict[str, Any] = {
        "answer": answer(found),
        "kind": kind_of(found),
        "doubts": doubts(found),
        "facts": facts_of(found),
        "plot": plot(found),
        "tables": [table for table in (points_table(found), ahead_table(found), checks_table(found)) if table.rows],
        "classes": classes_table(found),
    }
    return write_page(path, "curve.html.j2", **view)


def answer(found: LearningCurve) -> str:
    """What the curve says of more rows, in a sentence."""
    judged, metric = found.judged, metric_name(found.metric)
    if judged.needed is not None:
        return _needed(found, judged.needed)
    if not judged.ahead:
        return say("curve.unknown_sizes", metric=metric, value="")
    now, twice = judged.ahead[0].score, judged.ahead[2].score
    words = {"metric": metric, "now": score_text(now.value), "twice": _span(twice)}
    return say("curve.twice", **words)


def _needed(found: LearningCurve, needed: Needed) -> str:
    metric, target = metric_name(found.metric), score_text(needed.target)
    words = {"metric": metric, "value": target}
    if needed.verdict == "reached":
        return say("curve.reached", score=score_text(found.points[-1].score.value), **words)
    if needed.verdict == "never" and found.judged.ceiling is not None:
        return say("curve.never", ceiling=_span(found.judged.ceiling), **words)
    if needed.verdict == "rows" and needed.more is not None:
        most = say("curve.no_end") if needed.most is None else number(needed.most)
        return say("curve.rows", more=number(needed.more), least=number(needed.least or 0), most=most, **words)
    return say(
        {
            "sizes": "curve.unknown_sizes",
            "seeds": "curve.unknown_seeds",
            "alike": "curve.unknown_alike",
            "far": "curve.unknown_far",
            "open": "curve.unknown_open",
        }[needed.reason or "open"],
        **words,
    )


def kind_of(found: LearningCurve) -> str:
    """Class of the verdict's colour."""
    needed = found.judged.needed
    if needed is None:
        return "unsure" if found.judged.law is None else ""
    return {"reached": "better", "rows": "unsure" if needed.weak else "better", "never": "worse"}.get(
        needed.verdict, "unsure"
    )


def doubts(found: LearningCurve) -> list[str]:
    """What to mind of it."""
    judged, needed, said = found.judged, found.judged.needed, []
    if found.stopped:
        said.append(say("curve.stopped", had=found.had, asked=found.asked))
    if found.alike and needed is None:
        said.append(say("curve.alike"))
    if needed is not None and needed.verdict == "rows" and needed.weak:
        said.append(say("curve.weak", times=f"{WEAK:g}"))
    if judged.checks and not judged.trusted:
        said.append(say("curve.missed"))
    if judged.law is not None and not judged.checks:
        said.append(say("curve.unchecked"))
    if judged.law is not None and found.points and len(found.points[0].seeds) < 2:
        said.append(say("curve.one_seed"))
    if found.frozen:
        said.append(say("curve.frozen_note"))
    return said


def facts_of(found: LearningCurve) -> list[tuple[str, str]]:
    """What the curve was made of."""
    law = found.judged.law
    tested = number(found.tested) + (f" ({say('curve.groups', groups=found.groups)})" if found.groups else "")
    known = [
        (say("report.metric"), metric_name(found.metric)),
        (say("curve.table"), f"v{found.table}" if found.table else say("cli.run.changed")),
        (say("curve.learner"), say("curve.frozen_learner" if found.frozen else "curve.trained")),
        (say("curve.tested"), tested),
        (say("curve.runs"), f"{found.had} / {found.asked} · {duration(found.seconds)}"),
    ]
    if law is not None:
        known.append((say("curve.law"), f"{law.a:.4f} · (n / {law.largest:,})^-{law.b:.2f} + {law.c:.4f}"))
    if found.judged.ceiling is not None:
        known.append((say("curve.ceiling"), _span(found.judged.ceiling)))
    return known


def plot(found: LearningCurve) -> Markup:
    """The points, the law, and the lines of target and ceiling."""
    if not found.points:
        return Markup()
    judged = found.judged
    sizes = [Size(p.rows, p.score.value, p.score.low, p.score.high, p.scores) for p in found.points]
    law = [(float(item.rows), item.score.value, item.score.low, item.score.high) for item in judged.band]
    levels = []
    if judged.needed is not None:
        levels.append(Level(judged.needed.target, say("curve.wanted"), "line s3"))
    if judged.ceiling is not None:
        levels.append(Level(judged.ceiling.value, say("curve.ceiling"), "chosen"))
    metric = metric_name(found.metric)
    said = (say("curve.axis"), metric, say("curve.points"), say("curve.law_band"))
    return learning_plot(say("curve.title"), sizes, law, levels, said)


def _cell(score: Interval) -> Annotated:
    return Annotated(score.value, (score.low, score.high))


def _span(score: Interval) -> str:
    return f"{score_text(score.value)} [{score_text(score.low)}, {score_text(score.high)}]"


def points_table(found: LearningCurve) -> Table:
    """The sizes that were trained."""
    columns = (
        Column(say("curve.axis"), "number"),
        Column(metric_name(found.metric), "number"),
        Column(say("curve.seeds"), "plain"),
        Column(say("curve.time"), "plain"),
    )
    rows = tuple(
        (point.rows, _cell(point.score), "  ".join(map(score_text, point.scores)), duration(point.seconds))
        for point in found.points
    )
    return Table(say("curve.points_caption", level=f"{found.judged.level:.0%}"), columns, rows)


def ahead_table(found: LearningCurve) -> Table:
    """What more rows would bring."""
    columns = (
        Column(say("curve.axis"), "number"),
        Column(metric_name(found.metric), "number"),
        Column(say("curve.trust"), "plain"),
    )
    rows = tuple(
        (item.rows, _cell(item.score), say("curve.is_weak" if item.weak else "curve.is_near"))
        for item in found.judged.ahead
    )
    return Table(say("curve.ahead_caption", times=f"{WEAK:g}"), columns, rows)


def checks_table(found: LearningCurve) -> Table:
    """The law and simpler ones, fitted without the largest size and asked of it."""
    columns = (
        Column(say("curve.form"), "name"),
        Column(say("curve.foretold"), "number"),
        Column(say("curve.seen"), "number"),
        Column(say("curve.held"), "plain"),
    )
    forms = {"power": "curve.form_power", "pure": "curve.form_pure", "flat": "curve.form_flat"}
    rows = tuple(
        (say(forms[check.form]), _cell(check.foretold), check.seen, "✓" if check.held else "✗")
        for check in found.judged.checks
    )
    return Table(say("curve.checks_caption"), columns, rows)


def classes_table(found: LearningCurve) -> Table | None:
    """The classes that would gain most, first; None where nothing is known of classes."""
    if not found.classes:
        return None
    columns = (
        Column(say("curve.class"), "name"),
        Column(say("curve.class_rows"), "number"),
        Column(say("curve.class_tested"), "number"),
        Column(say("curve.recall"), "number"),
        Column(say("curve.recall_twice"), "number"),
        Column(say("curve.needs"), "plain"),
    )
    rows = tuple(
        (
            item.name,
            item.rows,
            item.tested,
            item.recall,
            "–" if item.ahead is None else _cell(item.ahead),
            say("curve.needs_yes") if item.needs else "" if item.gain is not None else "–",
        )
        for item in found.classes[:_CLASSES]
    )
    return Table(say("curve.classes_caption"), columns, rows, whole=True)


__all__ = [
    "ahead_table",
    "answer",
    "checks_table",
    "classes_table",
    "doubts",
    "facts_of",
    "kind_of",
    "plot",
    "points_table",
    "write_curve",
]
