"""Scores over the number of training rows, with the fitted law, its band, and what is wanted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tunebook.core.formatting import number
from tunebook.report.svg import Frame, element, legend, picture, words

_WIDTH, _HEIGHT = 960.0, 400.0
_STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Size:
    """A trained size: rows, score with the ends of its interval, and the scores of its seeds."""

    rows: int
    score: float
    low: float
    high: float
    seeds: Sequence[float]


@dataclass(frozen=True)
class Level:
    """A horizontal line at a score, with its name; `kind` is the class of its colour."""

    score: float
    name: str
    kind: str


def learning_plot(
    label: str,
    sizes: Sequence[Size],
    law: Sequence[tuple[float, float, float, float]],
    levels: Sequence[Level],
    said: tuple[str, str, str, str],
) -> Markup:
    """Points with their intervals on a logarithmic scale of rows; the law over them, dashed where nothing was trained.

    Args:
        law: rows, score and ends of the interval, ascending; none without a fit.
        said: what rows, score, points and law are called.
    """
    last, first = max(size.rows for size in sizes), min(size.rows for size in sizes)
    end = max([last, *(row[0] for row in law)])
    seen = [value for size in sizes for value in (size.low, size.high, *size.seeds)]
    seen += [value for row in law for value in row[1:]] + [level.score for level in levels]
    low, high = min(seen), max(seen)
    pad = (high - low) * 0.06 or 0.05
    frame = Frame(_WIDTH, _HEIGHT, (_log(first * 0.9), _log(end * 1.05)), (low - pad, high + pad), top=34)
    parts = frame.axes(said[0], said[1], named=_round_rows(first, end))
    parts += _law(frame, law, last)
    parts += [part for level in levels for part in _level(frame, level)]
    parts += [part for size in sizes for part in _size(frame, size)]
    names = [(said[2], "s1"), *([(said[3], "s2")] if law else [])]
    return picture(_WIDTH, _HEIGHT, label, [*parts, *legend(names, frame.left, 16)])


def _log(rows: float) -> float:
    return math.log10(max(rows, 1e-9))


def _round_rows(first: float, end: float) -> list[tuple[float, str]]:
    powers = range(math.floor(_log(first)), math.ceil(_log(end)) + 1)
    values = [step * 10.0**power for power in powers for step in _STEPS]
    return [(_log(value), number(value)) for value in values if first * 0.9 <= value <= end * 1.05]


def _law(frame: Frame, law: Sequence[tuple[float, float, float, float]], last: int) -> list[Markup]:
    if not law:
        return []
    places = [_log(row[0]) for row in law]
    edge = [*zip(places, (row[3] for row in law), strict=True)]
    edge += reversed([*zip(places, (row[2] for row in law), strict=True)])
    path = " ".join(f"{frame.across(x):.1f},{frame.up(y):.1f}" for x, y in edge)
    points = [*zip(places, (row[1] for row in law), strict=True)]
    known = [point for point in points if point[0] <= _log(last) + 1e-9]
    ahead = points[max(len(known) - 1, 0) :]
    return [
        element("polygon", points=path, class_="fill s2", fill_opacity=0.15),
        frame.line(known, class_="line s2"),
        frame.line(ahead, class_="line s2", stroke_dasharray="5 5"),
    ]


def _level(frame: Frame, level: Level) -> list[Markup]:
    at, end = frame.up(level.score), frame.width - frame.right
    return [
        element("line", x1=frame.left, x2=end, y1=at, y2=at, class_=level.kind, stroke_width=1.5),
        words(end - 4, at - 5, level.name, class_="name", text_anchor="end"),
    ]


def _size(frame: Frame, size: Size) -> list[Markup]:
    x = frame.across(_log(size.rows))
    told = f"{number(size.rows)}: {size.score:.4g} [{size.low:.4g}, {size.high:.4g}]"
    ends = {"x1": x, "x2": x, "y1": frame.up(size.low), "y2": frame.up(size.high)}
    seeds = [
        element("circle", cx=x, cy=frame.up(score), r=2.5, class_="fill s1", fill_opacity=0.45) for score in size.seeds
    ]
    dot = element("circle", element("title", told), cx=x, cy=frame.up(size.score), r=5, class_="fill s1")
    return [element("line", **ends, class_="whisker"), *seeds, dot]


__all__ = ["Level", "Size", "learning_plot"]
