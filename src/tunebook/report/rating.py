"""The page of a rating study: who is better by how much, how far raters agree, and what they disagree about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from tunebook.core.formatting import moment, number, phrase, score_text
from tunebook.core.messages import say
from tunebook.core.nouns import Interval
from tunebook.core.sections import Annotated, Column, Table
from tunebook.rating.records import Judged, RatingResult
from tunebook.rating.session import Disagreement, Session
from tunebook.rating.study import PAIRS
from tunebook.report.named import named, short_names
from tunebook.report.page import write_page
from tunebook.report.plots.intervals import Line, Span, interval_plot
from tunebook.verbs.steps.book import Book

PAGE = "result.html"
_SHOWN = 50  # disagreements


def write_rating_page(session: Session, result: RatingResult, book: Book) -> Path:
    """Write result.html beside the study."""
    study, found = session.study, called(result, book)
    facts = [
        (say("rate.study"), study.id),
        *((say("rate.run"), text) for text in runs_of(found, book)),
        (say("rate.rows_of"), f"{phrase('split', study.split)} · {number(len({item.row for item in study.items}))}"),
        (say("rate.ratings"), number(found.ratings)),
        (say("rate.begun"), moment(study.created)),
    ]
    parts: list[dict[str, Any]] = [
        {
            "title": title(session, one),
            "verdict": sentence(one),
            "agreement": agreement_text(one),
            "plots": _plots(one),
            "tables": _tables(one),
            "cases": _cases(session, one),
        }
        for one in found.judged
    ]
    verdict = "; ".join(dict.fromkeys(part["verdict"] for part in parts))
    return write_page(
        session.folder / PAGE, "rating.html.j2", facts=facts, notes=found.notes, parts=parts, verdict=verdict,
        raters=rater_table(found),
    )  # fmt: skip


def runs_of(found: RatingResult, book: Book) -> list[str]:
    """The runs that were judged, in words, with their ids; of one that is gone its id alone."""
    known = dict(named([run for run in book.runs if run.id in found.runs], book))
    return [known.get(run, run) for run in found.runs]


def called(found: RatingResult, book: Book) -> RatingResult:
    """A result for people: runs by names that tell them apart in place of their ids."""
    names = short_names([run for run in book.runs if run.id in found.runs], book)

    def told(items: Sequence[Any]) -> list[Any]:
        keys = ("a", "b", "run")
        return [
            one.model_copy(update={key: names.get(run, run) for key in keys if (run := getattr(one, key, ""))})
            for one in items
        ]

    parts = ("duels", "strengths", "points", "gaps", "parts")
    judged = [one.model_copy(update={part: told(getattr(one, part)) for part in parts}) for one in found.judged]
    return found.model_copy(update={"judged": judged})


def title(session: Session, one: Judged) -> str:
    """A question of a kind, as a heading."""
    return f"{phrase('rate.kind', one.kind)} · {session.study.question(one.question).text}"


def ends(found: Interval, sign: str = "") -> str:
    """A value with the ends of its interval."""
    return f"{found.value:{sign}.2f} [{found.low:{sign}.2f}, {found.high:{sign}.2f}]"


def sentence(one: Judged) -> str:
    """What a question proves, in a sentence."""
    gains = [(duel.a, duel.b, duel.overall) for duel in one.duels] or [(gap.a, gap.b, gap.gap) for gap in one.gaps]
    if not gains:
        return say("rate.said.points", rows=number(one.rows))
    told = []
    for a, b, gain in gains:
        better = b if gain.low > 0 else a if gain.high < 0 else ""
        code = "better" if better else "open"
        told.append(say(f"rate.said.{code}", a=a, b=b, better=better, gain=ends(gain, "+"), rows=number(one.rows)))
    return " ".join(told)


def agreement_text(one: Judged) -> str:
    """Krippendorff's alpha in words."""
    agreement = one.agreement
    if math.isnan(agreement.alpha.value):
        return say("rate.alpha_none", units=number(agreement.units))
    return say("rate.alpha", alpha=ends(agreement.alpha), units=number(agreement.units))


def _plots(one: Judged) -> list[tuple[str, Markup]]:
    found = []
    if one.duels:
        spans = [_span(_less(duel.b, duel.a), duel.overall) for duel in one.duels]
        found.append((say("rate.plot.net"), _plot("net", spans)))
    if one.gaps:
        spans = [_span(_less(gap.b, gap.a), gap.gap) for gap in one.gaps]
        found.append((say("rate.plot.gap"), _plot("gap", spans)))
    if len(one.strengths) > 2:
        spans = [_span(item.run, item.strength) for item in one.strengths]
        found.append((say("rate.plot.strength"), _plot("strength", spans)))
    return found


def _less(b: str, a: str) -> str:
    return f"{b} − {a}"


def _span(label: str, found: Interval) -> Span:
    return Span(label, found.value, found.low, found.high, ends(found, "+"))


def _plot(kind: str, spans: Sequence[Span]) -> Markup:
    line = Line(0.0, say("rate.plot.even"))
    return interval_plot(say(f"rate.plot.{kind}"), spans, [line], say(f"rate.plot.{kind}_axis"))


def _tables(one: Judged) -> list[Table]:
    found = []
    name, count = Column(say("rate.pair"), "name"), Column(say("rate.rows"), "number")
    if one.duels:
        columns = [
            name, Column(say("rate.won_a"), "share"), Column(say("rate.ties"), "share"),
            Column(say("rate.won_b"), "share"), Column(say("rate.net")), Column(say("rate.overall")), count,
            Column(say("rate.differ")),
        ]  # fmt: skip
        lines = [
            (
                f"{duel.a} → {duel.b}", duel.won_a, duel.ties, duel.won_b, ends(duel.net, "+"),
                ends(duel.overall, "+"), duel.rows, f"{number(duel.differ)} / {number(duel.of)}",
            )
            for duel in one.duels
        ]  # fmt: skip
        found.append(Table(say("rate.duels_caption"), tuple(columns), tuple(lines), whole=True))
    if one.strengths:
        columns = [Column(say("rate.run"), "name"), Column(say("rate.strength"))]
        lines_of = [(item.run, ends(item.strength, "+")) for item in one.strengths]
        found.append(Table(say("rate.strength_caption"), tuple(columns), tuple(lines_of)))
    if one.points:
        columns = [Column(say("rate.run"), "name"), Column(say("rate.mean")), count]
        points = [(item.run, ends(item.mean), item.rows) for item in one.points]
        found.append(Table(say("rate.points_caption"), tuple(columns), tuple(points)))
    if one.gaps:
        columns = [name, Column(say("rate.gap")), count]
        gaps = [(f"{gap.a} → {gap.b}", ends(gap.gap, "+"), gap.rows) for gap in one.gaps]
        found.append(Table(say("rate.gaps_caption"), tuple(columns), tuple(gaps)))
    if one.parts:
        columns = [Column(say("rate.part"), "name"), name, Column(say("rate.gain")), count]
        parts = [
            (f"{phrase('rate.by', part.name)}: {_part(part.name, part.value)}", f"{part.a} → {part.b}",
             ends(part.gain, "+"), part.rows)
            for part in one.parts
        ]  # fmt: skip
        found.append(Table(say("rate.parts_caption"), tuple(columns), tuple(parts), whole=True))
    return found


def _part(name: str, value: str) -> str:
    return phrase("language", value) if name == "language" else value


def _cases(session: Session, one: Judged) -> Table | None:
    """What raters disagree about, each with its texts."""
    if not one.disagreements:
        return None
    columns = (
        Column(say("report.text"), "text"), Column(say("rate.first"), "text"), Column(say("rate.second"), "text"),
        Column(say("rate.said_by")), Column(say("rate.arbiter")),
    )  # fmt: skip
    lines: list[tuple[Any, ...]] = []
    for case in one.disagreements[:_SHOWN]:
        item = session.study.item(case.item)
        answers = [*item.answers, ""][:2]
        lines.append((Annotated(item.text, item.pair), *answers, said_text(case, one.kind), case.arbiter or "–"))
    caption = say("rate.cases_caption", shown=number(len(lines)), count=number(len(one.disagreements)))
    return Table(caption, columns, tuple(lines), whole=True)


def said_text(case: Disagreement, kind: str) -> str:
    """Who said what of an item."""
    words = {0: say("rate.first"), 1: say("rate.second"), -1: say("rate.neither")}
    told = {rater: words[value] if kind == PAIRS else score_text(value) for rater, value in case.said.items()}
    return "; ".join(f"{rater}: {value}" for rater, value in told.items())


def rater_table(found: RatingResult) -> Table:
    """How far each rater is."""
    columns: tuple[Any, ...] = (
        Column(say("rate.rater"), "name"), Column(say("rate.role")), Column(say("rate.done")),
        Column(say("rate.changed"), "number"),
    )  # fmt: skip
    lines = [
        (one.rater, phrase("rate.as", one.role), f"{number(one.done)} / {number(one.of)}", one.changed)
        for one in found.raters
    ]
    return Table(say("rate.raters_caption"), columns, tuple(lines))


__all__ = [
    "PAGE",
    "agreement_text",
    "called",
    "ends",
    "rater_table",
    "runs_of",
    "said_text",
    "sentence",
    "title",
    "write_rating_page",
]
