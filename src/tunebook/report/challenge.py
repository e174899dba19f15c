"""The page of challenge sets: what a run can and cannot do, the failures first, with what it answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markupsafe import Markup

from tunebook.challenge.record import Capability, Challenged, Example
from tunebook.core.formatting import amount, is_share, listed, metric_name, number, phrase, score_text, share_text
from tunebook.core.messages import say
from tunebook.core.nouns import Interval
from tunebook.core.sections import Annotated, Cell, Column, Table
from tunebook.report.page import write_page
from tunebook.report.plots.intervals import Line, Span, interval_plot


def write_challenge_page(path: Path, found: Challenged) -> Path:
    """Write the page."""
    return write_page(path, "challenge.html.j2", **_view(found))


def _view(found: Challenged) -> dict[str, Any]:
    """What the template shows."""
    measured = [item for item in found.capabilities if not item.skipped]
    return {
        "verdict": verdict(found),
        "bad": bool(found.failures),
        "facts": _facts(found),
        "plot": _plot(found),
        "tables": tables(found),
        "examples": [(name_of(item), _examples(item)) for item in measured if item.examples],
        "skipped": [(name_of(item), item.skipped) for item in found.capabilities if item.skipped],
        "test": found.split == "test",
        "cuts": found.cuts,
        "cut": cut_words(found),
    }


def verdict(found: Challenged) -> str:
    """What was found, in a sentence."""
    measured = [item for item in found.capabilities if not item.skipped]
    if not measured:
        return say("challenge.nothing")
    names = ", ".join(name_of(item) for item in found.failures)
    code = "challenge.verdict_failed" if found.failures else "challenge.verdict_held"
    return say(code, failed=len(found.failures), all=len(measured), names=names)


def cut_words(found: Challenged) -> str:
    """Which capabilities have texts that are not read to the end for being changed; empty where none has."""
    told = [
        say("challenge.cut_of", name=name_of(item), cut=number(item.cut), rows=number(item.rows))
        for item in found.capabilities
        if item.cut > item.cut_before
    ]
    return say("challenge.cut", names=listed(told)) if told else ""


def name_of(item: Capability) -> str:
    """What a capability is called."""
    return phrase("challenge.kind", item.key)


def _facts(found: Challenged) -> list[tuple[str, str]]:
    score = [] if found.score is None else [(metric_name(found.metric), interval_text(found.score))]
    return [
        (say("cli.run"), found.run),
        (say("challenge.split"), phrase("split", found.split)),
        (say("challenge.rows"), number(found.rows)),
        *score,
    ]


def interval_text(found: Interval) -> str:
    """A score with its interval."""
    return f"{score_text(found.value)} [{score_text(found.low)}, {score_text(found.high)}]"


def headings(found: Challenged) -> tuple[str, ...]:
    """Of the columns of the table on a terminal."""
    return (
        say("challenge.capability"),
        say("challenge.changed"),
        metric_name(found.metric),
        _fall_heading(found.metric),
        say("challenge.flipped"),
        "",
    )


def brief_rows(found: Challenged) -> list[tuple[str, ...]]:
    """A line for each capability on a terminal."""
    return [
        (
            name_of(item),
            number(item.rows),
            "–" if item.score is None else score_text(item.score.value),
            fall_text(item, found.metric),
            "–" if item.flipped is None else share_text(item.flipped.value),
            "✗" if item.failed else "–" if item.skipped or item.source == "attack" else "✓",
        )
        for item in found.capabilities
    ]


def fall_text(item: Capability, metric: str) -> str:
    """What is lost, with its interval; a dash for what has no such thing."""
    if item.fall is None:
        return "–" if item.met is None else say("challenge.met_text", share=share_text(item.met.value))
    value, low, high = _ends(item.fall, metric)
    return f"{value} [{low}, {high}]"


def _fall_heading(metric: str) -> str:
    return say("challenge.fall_points") if is_share(metric) else say("challenge.fall")


def _bare(value: float, metric: str) -> str:
    """A fall without its unit, which the heading tells; none is 0 and never -0."""
    text = f"{100 * value:.1f}" if is_share(metric) else f"{value:.3f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _ends(fall: Interval, metric: str) -> tuple[str, str, str]:
    """A fall and both ends of its interval."""
    return _bare(fall.value, metric), _bare(fall.low, metric), _bare(fall.high, metric)


def tables(found: Challenged) -> list[Table]:
    """All capabilities: changed rows beside what they were, and rows of their own, which have no before."""
    measured = [item for item in found.capabilities if not item.skipped]
    made = [_changed_table(found, [item for item in measured if not item.alone])]
    return [one for one in (*made, _alone_table(found, [item for item in measured if item.alone])) if one.rows]


def _common_columns(found: Challenged) -> tuple[Column, ...]:
    return (
        Column(say("challenge.capability"), "name"),
        Column(say("challenge.group"), "soft"),
        Column(say("challenge.changed"), "number"),
        Column(metric_name(found.metric), "number"),
    )


def _alone_table(found: Challenged, items: list[Capability]) -> Table:
    columns = (
        *_common_columns(found),
        Column(say("challenge.on_drawn"), "number"),
        Column(say("challenge.outcome")),
    )
    rows = tuple(
        (
            name_of(item),
            phrase("challenge.group", item.group),
            item.rows,
            _spread(item.score),
            item.before,
            say("challenge.lacks" if item.failed else "challenge.no_lack"),
        )
        for item in items
    )
    return Table(say("challenge.alone_caption"), columns, rows, sortable=False, whole=True)


def _changed_table(found: Challenged, items: list[Capability]) -> Table:
    columns = (
        *_common_columns(found),
        Column(say("challenge.before"), "number"),
        Column(_fall_heading(found.metric), "number"),
        Column(say("challenge.flipped"), "number"),
        Column(say("challenge.outcome")),
    )
    rows = tuple(_row(item, found.metric) for item in items)
    return Table(say("challenge.caption"), columns, rows, sortable=False, whole=True)


def _row(item: Capability, metric: str) -> tuple[Cell, ...]:
    fall: Cell = None
    if item.fall is not None:
        value, low, high = _ends(item.fall, metric)
        fall = Annotated(value, f"{low} – {high}")
    return (
        name_of(item),
        f"{phrase('challenge.group', item.group)}: {phrase('challenge.expects', item.expects)}",
        item.rows,
        _shares(item.met) if item.score is None else _spread(item.score),
        item.before,
        fall,
        _shares(item.flipped),
        _outcome(item),
    )


def _outcome(item: Capability) -> str:
    """Of what was searched for nothing is proven or held."""
    if item.source == "attack":
        return "–"
    return say("challenge.failed" if item.failed else "challenge.held")


def _spread(found: Interval | None) -> Cell:
    return None if found is None else Annotated(found.value, (found.low, found.high))


def _shares(found: Interval | None) -> Cell:
    if found is None:
        return None
    return Annotated(share_text(found.value), f"{share_text(found.low)} – {share_text(found.high)}")


def _plot(found: Challenged) -> Markup | str:
    """The falls under each other on one scale."""
    fallen = [(item, item.fall) for item in found.capabilities if item.fall is not None and item.source != "attack"]
    if not fallen:
        return ""
    scale = 100 if is_share(found.metric) else 1
    spans = [
        Span(
            name_of(item),
            fall.value * scale,
            fall.low * scale,
            fall.high * scale,
            amount(fall.value, found.metric, sign=False),
        )
        for item, fall in fallen
    ]
    axis = say("challenge.axis", metric=metric_name(found.metric))
    return interval_plot(say("challenge.plot"), spans, [Line(0.0, "0")], axis)


def _examples(item: Capability) -> Table:
    if item.alone:
        columns = (
            Column(say("report.id"), "soft"),
            Column(say("challenge.text"), "text"),
            Column(say("report.true"), "right"),
            Column(say("challenge.said"), "wrong"),
        )
        rows = tuple((one.row, one.after, one.true, one.said_after) for one in item.examples)
        return Table(say("challenge.alone_examples", count=len(rows)), columns, rows, whole=True)
    return _changed_examples(item.examples)


def _changed_examples(found: list[Example]) -> Table:
    columns = (
        Column(say("report.id"), "soft"),
        Column(say("challenge.text_before"), "text"),
        Column(say("challenge.text_after"), "text"),
        Column(say("report.true"), "right"),
        Column(say("challenge.said_after"), "wrong"),
    )
    rows = tuple((item.row, item.before, item.after, item.true, item.said_after) for item in found)
    return Table(say("challenge.examples_caption", count=len(rows)), columns, rows, whole=True)


__all__ = [
    "brief_rows", "cut_words", "fall_text", "headings", "interval_text", "name_of", "tables", "verdict",
    "write_challenge_page",
]  # fmt: skip
