"""Trials of a search: all rows at once, a score against one row, and scores in the order in which they were tried."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from tunebook.core.messages import cut
from tunebook.report.svg import Frame, Scale, element, legend, picture, tick_text, ticks, words

_WIDTH, _HEIGHT, _TOP, _FOOT, _SIDE = 960.0, 330.0, 40.0, 284.0, 90.0
_SLICE_WIDTH, _SLICE_HEIGHT = 470.0, 260.0
_TRIALS_WIDTH, _TRIALS_HEIGHT = 960.0, 300.0


@dataclass(frozen=True)
class Ruler:
    """The scale of one row.

    Attributes:
        low, high: its ends; of a switch 0 and 1.
        states: words for off and on; empty for numbers.
    """

    name: str
    low: float
    high: float
    log: bool = False
    states: tuple[str, ...] = ()

    def place(self, value: Any) -> float | None:
        """Where a value stands, 0 at the low end and 1 at the high one; None for what is no number."""
        if not isinstance(value, int | float) or (self.log and value <= 0):
            return None
        low, high, at = (math.log(v) if self.log else float(v) for v in (self.low, self.high, value))
        return (at - low) / ((high - low) or 1.0)

    def marks(self) -> list[tuple[float, str]]:
        """Places with round numbers, and these as text."""
        if self.states:
            return list(zip((0.0, 1.0), self.states, strict=True))
        values = _log_ticks(self.low, self.high) if self.log else ticks(self.low, self.high, 4)
        return [(place, tick_text(value)) for value in values if (place := self.place(value)) is not None]


def _log_ticks(low: float, high: float) -> list[float]:
    """Round numbers on a logarithmic scale: powers of ten, with 2 and 5 where these are few."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 4, 5, 6, 8)):
        found = [float(f"{factor}e{power}") for power in powers for factor in factors]
        inside = [value for value in found if low * 0.999 <= value <= high * 1.001]
        if len(inside) >= 3:
            return inside
    return [low, high]


@dataclass(frozen=True)
class Path:
    """One trial: its place on each ruler (None where it has none), and its rank: 1 best, 2 good, 3 other."""

    places: Sequence[float | None]
    rank: int
    title: str


def parallel_plot(label: str, rulers: Sequence[Ruler], paths: Sequence[Path]) -> Markup:
    """Upright rulers side by side, and the paths through them, the best on top."""
    across = Scale(0.0, float(max(len(rulers) - 1, 1)), _SIDE, _WIDTH - _SIDE)
    up = Scale(0.0, 1.0, _FOOT, _TOP)
    parts = []
    missing = {place for path in paths for place, at in enumerate(path.places) if at is None}
    for place, ruler in enumerate(rulers):
        x = across(place)
        parts.append(element("line", x1=x, x2=x, y1=_TOP, y2=_FOOT, class_="axis"))
        parts.append(words(x, _TOP - 16, cut(ruler.name, 22), class_="name", text_anchor="middle"))
        parts += [words(x - 7, up(at) + 4, text, class_="tick", text_anchor="end") for at, text in ruler.marks()]
        if place in missing:
            parts.append(words(x, _FOOT + 36, "–", class_="tick", text_anchor="middle"))
    parts += [_line(path, across, up) for path in sorted(paths, key=lambda path: -path.rank)]
    return picture(_WIDTH, _HEIGHT, label, parts)


def _line(path: Path, across: Scale, up: Scale) -> Markup:
    ends = [(across(place), _FOOT + 20 if at is None else up(at)) for place, at in enumerate(path.places)]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in ends)
    kind, width, opacity = {1: ("line s2", 3.0, 1.0), 2: ("line s1", 1.6, 0.7)}.get(path.rank, ("line s1", 1.0, 0.18))
    style = f"stroke-width:{width:g}"
    title = element("title", path.title)
    return element("polyline", title, points=points, fill="none", class_=kind, style=style, stroke_opacity=opacity)


@dataclass(frozen=True)
class Point:
    """One trial: place on the ruler, score, how late it came (0 to 1), and whether it is the table itself."""

    place: float
    score: float
    late: float
    first: bool = False


def slice_plot(label: str, ruler: Ruler, points: Sequence[Point], ends: tuple[float, float], name: str) -> Markup:
    """The points on a field; later ones are darker.

    Args:
        ends: lowest and highest score of the field, the same for every row.
        name: what the score is called.
    """
    frame = Frame(_SLICE_WIDTH, _SLICE_HEIGHT, (-0.04, 1.04), ends, left=54, top=10)
    end, foot = frame.width - frame.right, frame.height - frame.bottom
    parts = []
    for value in ticks(*ends, 4):
        at = frame.up(value)
        parts.append(element("line", x1=frame.left, x2=end, y1=at, y2=at, class_="grid"))
        parts.append(words(frame.left - 7, at + 4, tick_text(value), class_="tick", text_anchor="end"))
    parts += [
        words(frame.across(place), foot + 17, text, class_="tick", text_anchor="middle")
        for place, text in ruler.marks()
    ]
    parts.append(element("line", x1=frame.left, x2=end, y1=foot, y2=foot, class_="axis"))
    parts.append(words((frame.left + end) / 2, frame.height - 6, ruler.name, class_="name", text_anchor="middle"))
    middle = (frame.top + foot) / 2
    turn = f"rotate(-90 12 {middle:g})"
    parts.append(words(12, middle, name, class_="name", text_anchor="middle", transform=turn))
    parts += [_slice_dot(frame, point) for point in sorted(points, key=lambda point: point.first)]
    return picture(_SLICE_WIDTH, _SLICE_HEIGHT, label, parts)


def _slice_dot(frame: Frame, point: Point) -> Markup:
    x, y = frame.across(point.place), frame.up(point.score)
    title = element("title", f"{point.score:.4g}")
    if point.first:
        return element("circle", title, cx=x, cy=y, r=5.0, class_="mark")
    return element("circle", title, cx=x, cy=y, r=4.0, class_="fill s1", fill_opacity=0.25 + 0.7 * point.late)


@dataclass(frozen=True)
class Tried:
    """One trial: number, score, and whether it was trained to its end; `first` marks the table itself."""

    number: int
    score: float
    complete: bool = True
    first: bool = False


def trials_plot(label: str, trials: Sequence[Tried], axes: tuple[str, str], names: Sequence[str]) -> Markup:
    """Dots for complete trials, hollow ones for pruned ones, and a stair for the best so far.

    Args:
        names: what complete trials, the stair and the table's own score are called.
    """
    values = [trial.score for trial in trials]
    pad = (max(values) - min(values)) * 0.08 or abs(values[0]) * 0.05 or 0.05
    last = max(trial.number for trial in trials)
    frame = Frame(
        _TRIALS_WIDTH, _TRIALS_HEIGHT, (0.0, float(max(last, 1))), (min(values) - pad, max(values) + pad), top=34
    )
    parts = frame.axes(*axes, whole=True)
    own = [trial.score for trial in trials if trial.first and trial.complete]
    parts += [frame.line([(0.0, score), (frame.x[1], score)], class_="chosen") for score in own[:1]]
    if stair := _stair(trials, last):
        parts.append(frame.line(stair, class_="line s2"))
    parts += [_trial_dot(frame, trial) for trial in trials]
    shown = [(names[0], "s1"), (names[1], "s2")]
    parts += legend(shown, frame.left, 16)
    return picture(_TRIALS_WIDTH, _TRIALS_HEIGHT, label, parts)


def _trial_dot(frame: Frame, trial: Tried) -> Markup:
    x, y = frame.across(trial.number), frame.up(trial.score)
    title = element("title", f"{trial.number}: {trial.score:.4g}")
    if trial.complete:
        return element("circle", title, cx=x, cy=y, r=5.5 if trial.first else 4.0, class_="fill s1")
    return element("circle", title, cx=x, cy=y, r=3.5, class_="mark b1")


def _stair(trials: Sequence[Tried], last: int) -> list[tuple[float, float]]:
    points: list[tuple[float, float]] = []
    for trial in sorted((trial for trial in trials if trial.complete), key=lambda trial: trial.number):
        if not points or trial.score > points[-1][1]:
            points += [(float(trial.number), points[-1][1])] if points else []
            points.append((float(trial.number), trial.score))
    return [*points, (float(last), points[-1][1])] if points else []


__all__ = ["Path", "Point", "Ruler", "Tried", "parallel_plot", "slice_plot", "trials_plot"]
