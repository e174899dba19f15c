"""Looks: windows of new rows, one after the other, each held against the reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tunebook.core.nouns import Interval
from tunebook.stats.change import most_mistakes
from tunebook.stats.estimated import Calibrator, estimated_accuracy
from tunebook.stats.proportion import wilson_interval
from tunebook.watch.course import (
    MISTAKES,
    STREAM,
    Alarm,
    Course,
    Look,
    Mistakes,
    alpha_of,
    raised,
    with_alarms,
    with_look,
)
from tunebook.watch.reference import Reference
from tunebook.watch.rows import Watched
from tunebook.watch.signals import LEAST, Signal, signals

_NOTHING = -1e300  # logarithm of nothing, which JSON can carry
_AT_ONCE = 20  # looks of one call: of more rows each look has more


@dataclass(frozen=True)
class Taken:
    """What a call found.

    Attributes:
        looks: with all that they show, beside each the rows; alarms: that are new; waiting: rows that fill no window.
    """

    course: Course
    looks: list[tuple[Look, Watched]]
    alarms: list[Alarm]
    waiting: int


@dataclass(frozen=True)
class Asked:
    """How a call looks.

    Attributes:
        run: id of the run whose answers they are; size: rows of a window; false_alarms: chance of one in a year.
        kept: the rows are those of the log, and so are not looked at again.
    """

    run: str
    size: int
    false_alarms: float
    kept: bool = False


def windows(rows: Watched, size: int) -> Iterator[Watched]:
    """Rows in their order, `size` at a time; larger windows where there would be more than twenty. What is left over is
    no window."""
    size = max(size, -(-len(rows) // _AT_ONCE))
    for start in range(0, len(rows) - size + 1, size):
        yield rows.take(slice(start, start + size))


def take_looks(course: Course, old: Reference, rows: Watched, labels: Watched | None, asked: Asked) -> Taken:
    """Look at all whole windows of rows.

    Args:
        rows: in their order, with the times at which they came.
        labels: rows whose true labels came since the last look, of whatever window, which the last look tells of; None
            where the rows have their own.
    """
    calibrator = _calibrator(old)
    looks: list[tuple[Look, Watched]] = []
    alarms: list[Alarm] = []
    parts = list(windows(rows, asked.size))
    for place, window in enumerate(parts):
        none = window if labels is None else labels.take(slice(0, 0))
        told = labels if labels is not None and place == len(parts) - 1 else none
        until = float(window.at.max())
        course, alpha = alpha_of(course, until, asked.false_alarms)
        found = raised(signals(old, window, told, course.looks, alpha), alpha)
        course, fresh = with_alarms(course, found, asked.run, until)
        times: dict[str, Any] = {
            "since": float(window.at.min()),
            "until": until,
            "rows": len(window),
            "number": course.looks,
        }
        times["latency"] = latency_of(window.seconds)
        accuracy = _accuracy(old, window, told, calibrator)
        look = Look(run=asked.run, alpha=alpha, signals=found, **times, **accuracy)
        course = with_look(course, look, kept=asked.kept)
        looks.append((look, window))
        alarms += fresh
    return Taken(course, looks, alarms, len(rows) - sum(map(len, parts)))


def latency_of(seconds: np.ndarray) -> list[float]:
    """P50, P95 and P99 in milliseconds; empty where no time is known."""
    known = seconds[np.isfinite(seconds)]
    return [] if not len(known) else [float(value) * 1000 for value in np.quantile(known, [0.5, 0.95, 0.99])]


def _calibrator(old: Reference) -> Calibrator | None:
    """None where too few validation rows have a probability and a true label, or scores are no probabilities."""
    known = _told(old.answered)
    if not old.probable or known.sum() < LEAST:
        return None
    return Calibrator.of(old.answered.score[known], old.answered.right[known])


def _told(rows: Watched) -> np.ndarray:
    """Which rows have a score between 0 and 1, and an answer that is right or wrong; shape (N,)."""
    with np.errstate(invalid="ignore"):
        probable = (rows.score >= 0) & (rows.score <= 1)
    return np.asarray(probable & ~np.isnan(rows.right))


def _accuracy(old: Reference, window: Watched, labelled: Watched, calibrator: Calibrator | None) -> dict[str, Any]:
    """The share of right answers: estimated, measured where there are labels, and as it was on the validation rows."""
    if old.numeric:
        return {}
    known = ~np.isnan(labelled.right)
    right = labelled.right[known]
    found: dict[str, Any] = {"labelled": len(right)}
    if len(right):
        found["measured"] = wilson_interval(float(right.sum()), len(right))
    proven = old.answered.right[~np.isnan(old.answered.right)]
    if len(proven):
        found["proven"] = float(proven.mean())
    if calibrator is not None and np.isfinite(window.score).any():
        found["estimated"] = estimated_accuracy(calibrator, window.score)
        if len(right) and np.isfinite(labelled.score[known]).all():
            found["expected"] = estimated_accuracy(calibrator, labelled.score[known])
    return found


def estimated_of(old: Reference, rows: Watched) -> Interval | None:
    """The estimated share of right answers of any rows; None where it cannot be told."""
    calibrator = _calibrator(old)
    return (
        None if calibrator is None or not np.isfinite(rows.score).any() else estimated_accuracy(calibrator, rows.score)
    )


def take_mistakes(
    course: Course, old: Reference, labelled: Watched, asked: Asked
) -> tuple[Course, list[Alarm], Signal | None]:
    """Go on with the stream of mistakes by rows whose true labels came, in the order in which they came.

    Half of its error is for the share of mistakes that the validation rows leave possible, half for the stream.

    Returns:
        The signal is None while there is nothing to say.
    """
    proven = old.answered.right[~np.isnan(old.answered.right)]
    alpha = MISTAKES * asked.false_alarms / 2
    held = course.mistakes
    if len(labelled) and asked.kept:
        course = course.model_copy(update={"labels": max(course.labels, float(labelled.at.max()))})
    if held is None or held.run != asked.run:
        if old.numeric or len(proven) < LEAST:
            return course, [], None
        held = Mistakes(run=asked.run, most=most_mistakes(int((proven == 0).sum()), len(proven), alpha))
    right = labelled.right[~np.isnan(labelled.right)]
    stream = held.stream().after(bool(item == 0) for item in right)
    logs, best = [max(value, _NOTHING) for value in stream.logs], max(stream.best, _NOTHING)
    told = {"rows": stream.rows, "wrong": held.wrong + int((right == 0).sum()), "logs": logs, "best": best}
    held = held.model_copy(update=told)
    course = course.model_copy(update={"mistakes": held})
    if not stream.rows:
        return course, [], None
    share, p = held.wrong / held.rows, stream.p_value
    before = float((proven == 0).mean()) if len(proven) else float("nan")
    told = {"old": before, "new": share, "rows": held.rows, "alarm": p <= alpha}
    signal = Signal(name=STREAM, kind="share", statistic=share, p_value=p, **told)
    course, fresh = with_alarms(course, [signal], asked.run, course.last)
    return course, fresh, signal


__all__ = ["Asked", "Taken", "estimated_of", "latency_of", "take_looks", "take_mistakes", "windows"]
