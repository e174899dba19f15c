"""The page of a day: what drifted, old and new side by side, and new rows with the nearest old ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup
from pydantic import Field

from tunebook.core.formatting import moment, number, phrase, score_text
from tunebook.core.messages import say
from tunebook.core.nouns import Record, Split, write_json
from tunebook.report.page import write_page
from tunebook.report.plots.drift import Curve, looks_plot, two_bars, two_histograms
from tunebook.watch.course import ANSWERS, Course, Look
from tunebook.watch.posting import p_text, sentence
from tunebook.watch.reference import folder_of
from tunebook.watch.signals import Signal, nearest

if TYPE_CHECKING:
    from tunebook.core.nouns import Interval
    from tunebook.verbs.steps.book import Book
    from tunebook.watch.reference import Reference
    from tunebook.watch.rows import Watched

_SPLITS: tuple[Split, ...] = ("train", "validation")
_FLAGS = ("input.cut", "answer.right")
_EXAMPLES, _PLOTS, _CURVES, _PAST = 8, 6, 4, 60


class Example(Record):
    """A new row that is far from all old ones, and the old one that is nearest to it.

    Attributes:
        likeness: cosine of their sketches.
    """

    new: str
    old: str
    likeness: float
    answer: str = ""


class Day(Record):
    """What a day's JSON says: the looks of the last call on that day, newest last, and examples of the newest."""

    date: str
    book: str
    run: str
    looks: list[Look]
    examples: list[Example] = Field(default_factory=list)


def write_day(
    book: Book, course: Course, old: Reference, looks: Sequence[tuple[Look, Watched]], file: Path | None = None
) -> Path:
    """Write DATE.json and DATE.html into the book's `watch`, for the day (UTC) of the newest look; DATE-FILE of rows of
    a file."""
    told, window = next(((look, rows) for look, rows in reversed(looks) if _alarms(look)), looks[-1])
    date = datetime.fromtimestamp(looks[-1][0].until, UTC).strftime("%Y-%m-%d")
    examples = _examples(book, old, window)
    found = [look for look, _ in looks]
    day = Day(date=date, book=book.path.name, run=told.run, looks=found, examples=examples)
    folder, name = folder_of(book.path), date if file is None else f"{date}-{file.stem}"
    write_json(day, folder / f"{name}.json")
    return write_page(folder / f"{name}.html", "drift.html.j2", **_view(day, course, told, old, file))


def _alarms(look: Look) -> list[Signal]:
    return [signal for signal in look.signals if signal.alarm]


def _view(day: Day, course: Course, look: Look, old: Reference, file: Path | None) -> dict[str, Any]:
    """What the template shows."""
    past = [item for item in course.short if item.run == day.run][-_PAST:]
    open_ones = course.open(day.run)
    ranked = sorted(look.signals, key=lambda signal: signal.p_value)
    drawn = [signal for signal in ranked if signal.shown.edges or signal.shown.names][:_PLOTS]
    return {
        "date": day.date,
        "alarms": [sentence(alarm) for alarm in open_ones],
        "verdict": verdict(look, len(open_ones)),
        "facts": [*([(say("watch.file"), file.name)] if file else []), *_facts(day, look, old)],
        "signals": [signal_row(signal) for signal in ranked],
        "alpha": f"{look.alpha:.2g}",
        "plots": [(phrase("signal", signal.name), _plot(signal)) for signal in drawn],
        "course": [part for part in (_answers(past), _accuracy(past), _latency(past)) if part],
        "examples": day.examples,
        "kept": bool(day.examples),
        "whole": old.both,
    }


def verdict(look: Look, open_ones: int) -> str:
    """A look in a sentence."""
    found = _alarms(look)
    names = ", ".join(phrase("signal", signal.name) for signal in found)
    if found:
        return say("watch.verdict_alarm", rows=number(look.rows), signals=names)
    return say("watch.verdict_open" if open_ones else "watch.verdict_quiet", rows=number(look.rows), count=open_ones)


def interval_text(found: Interval | None) -> str:
    """A share with its interval, or a dash."""
    return "–" if found is None else f"{score_text(found.value)} [{score_text(found.low)}, {score_text(found.high)}]"


def _facts(day: Day, look: Look, old: Reference) -> list[tuple[str, str]]:
    since, until = (moment(datetime.fromtimestamp(at, UTC).isoformat()) for at in (look.since, look.until))
    found = [
        (say("cli.run"), day.run),
        (say("watch.rows_of_look"), f"{number(look.rows)} · {since} – {until}"),
        (say("watch.look"), number(look.number)),
        (say("watch.reference"), number(len(old.inputs))),
    ]
    if look.proven is not None:
        found.append((say("watch.proven"), score_text(look.proven)))
    if look.estimated is not None:
        found.append((say("watch.estimated"), interval_text(look.estimated)))
    if look.measured is not None:
        found.append((say("watch.measured", rows=number(look.labelled)), interval_text(look.measured)))
    if look.expected is not None:
        found.append((say("watch.expected"), interval_text(look.expected)))
    return found


def signal_row(signal: Signal) -> dict[str, Any]:
    """A signal as a line of a table."""
    share = signal.kind == "share"
    ends = [f"{end:.1%}" if share else f"{end:.4g}" for end in (signal.old, signal.new)]
    where = f" ({signal.where})" if signal.where and signal.name not in _FLAGS else ""
    return {
        "name": phrase("signal", signal.name) + where,
        "test": phrase("watch.test", signal.kind),
        "old": ends[0] if signal.old == signal.old else "–",
        "new": ends[1] if signal.new == signal.new else "–",
        "statistic": f"{signal.statistic:.4f}",
        "psi": f"{signal.psi:.3f}" if signal.psi == signal.psi else "–",
        "p": p_text(signal.p_value),
        "order": signal.p_value,
        "alarm": signal.alarm,
    }


def _plot(signal: Signal) -> Markup:
    name, shown = phrase("signal", signal.name), signal.shown
    said = (say("watch.old"), say("watch.new"))
    if shown.names:
        names = [_category(signal, item) for item in shown.names[:10]]
        return two_bars(name, names, (shown.old[:10], shown.new[:10]), said)
    return two_histograms(name, shown.edges, (shown.old, shown.new), (name, say("watch.share")), said)


def _category(signal: Signal, item: str) -> str:
    """A category in words; of figures that are yes or no these."""
    if signal.name in _FLAGS:
        return say(f"watch.flag.{item}")
    return phrase("language", item) if signal.name == "input.language" else item


def _answers(past: Sequence[Look]) -> tuple[str, Markup] | None:
    """Shares of the most frequent answers, look by look."""
    found = [
        (look, signal) for look in past for signal in look.signals if signal.name == ANSWERS and signal.shown.names
    ]
    if not found:
        return None
    sums: dict[str, float] = {}
    for _, signal in found:
        for name, share in zip(signal.shown.names, signal.shown.new, strict=True):
            sums[name] = sums.get(name, 0.0) + share
    names = sorted(sums, key=lambda name: -sums[name])[:_CURVES]
    curves = [
        Curve(
            name,
            [
                (place, dict(zip(signal.shown.names, signal.shown.new, strict=True)).get(name, 0.0))
                for place, (_, signal) in enumerate(found, start=1)
            ],
            f"s{rank}",
        )
        for rank, name in enumerate(names, start=1)
    ]
    title = say("watch.answers")
    return title, looks_plot(
        title, curves, (say("watch.look"), say("watch.share")), _marks([look for look, _ in found])
    )


def _accuracy(past: Sequence[Look]) -> tuple[str, Markup] | None:
    """Estimated and measured shares of right answers, look by look, with their intervals."""
    curves = []
    for name, kind in (("estimated", "s1"), ("measured", "s2")):
        known = [(place, getattr(look, name)) for place, look in enumerate(past, start=1) if getattr(look, name)]
        if known:
            points = [(float(place), item.value) for place, item in known]
            said = say(f"watch.{name}_short")
            curves.append(Curve(said, points, kind, [(item.low, item.high) for _, item in known]))
    title = say("watch.accuracy")
    return (title, looks_plot(title, curves, (say("watch.look"), title), _marks(past))) if curves else None


def _latency(past: Sequence[Look]) -> tuple[str, Markup] | None:
    known = [(float(place), look.latency) for place, look in enumerate(past, start=1) if look.latency]
    if not known:
        return None
    curves = [
        Curve(name, [(place, times[rank]) for place, times in known], f"s{rank + 1}")
        for rank, name in enumerate(("P50", "P95", "P99"))
    ]
    title = say("watch.latency")
    return title, looks_plot(title, curves, (say("watch.look"), "ms"), _marks(past))


def _marks(past: Sequence[Look]) -> list[float]:
    return [float(place) for place, look in enumerate(past, start=1) if _alarms(look)]


def _examples(book: Book, old: Reference, window: Watched) -> list[Example]:
    """New rows that are farthest from all old ones; none where texts are not kept."""
    once = window.once()
    once = once.take((once.texts != "") & ~np.isnan(once.vectors[:, 0]))
    known = old.inputs.take(~np.isnan(old.inputs.vectors[:, 0]))
    if not len(once) or not len(known) or once.vectors.shape[1] != known.vectors.shape[1]:
        return []
    places, near = nearest(once.vectors, known.vectors)
    chosen = np.argsort(near, kind="stable")[:_EXAMPLES]
    texts = _texts(book, {str(known.ids[places[row]]) for row in chosen})
    return [
        Example(
            new=str(once.texts[row]),
            old=texts.get(str(known.ids[places[row]]), "–"),
            likeness=float(near[row]),
            answer=str(once.label[row]),
        )
        for row in chosen
    ]


def _texts(book: Book, ids: set[str]) -> dict[str, str]:
    """The texts of rows of the book, by SPLIT:ID."""
    from tunebook.data.load import load

    found: dict[str, str] = {}
    for split in _SPLITS:
        rows = load(book.data, split)
        names = ((f"{split}:{name}", text) for name, text in zip(rows.ids, rows.texts, strict=True))
        found |= {name: text for name, text in names if name in ids}
    return found


__all__ = ["Day", "Example", "interval_text", "signal_row", "verdict", "write_day"]
