"""Scores of trials in the order in which they were tried, with the best so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tunebook.report.svg import Frame, element, legend, picture

_WIDTH, _HEIGHT = 960.0, 300.0


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
    frame = Frame(_WIDTH, _HEIGHT, (0.0, float(max(last, 1))), (min(values) - pad, max(values) + pad), top=34)
    parts = frame.axes(*axes, whole=True)
    own = [trial.score for trial in trials if trial.first and trial.complete]
    parts += [frame.line([(0.0, score), (frame.x[1], score)], class_="chosen") for score in own[:1]]
    if stair := _stair(trials, last):
        parts.append(frame.line(stair, class_="line s2"))
    parts += [_dot(frame, trial) for trial in trials]
    shown = [(names[0], "s1"), (names[1], "s2")]
    parts += legend(shown, frame.left, 16)
    return picture(_WIDTH, _HEIGHT, label, parts)


def _dot(frame: Frame, trial: Tried) -> Markup:
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


__all__ = ["Tried", "trials_plot"]
