"""Reliability: how often answers of a confidence are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from tunebook.report.svg import Frame, element, picture

_WIDTH, _HEIGHT = 470.0, 330.0


def reliability_plot(label: str, bins: Sequence[Mapping[str, Any]], axes: tuple[str, str]) -> Markup:
    """A bar for each bin up to its accuracy, the diagonal of perfect calibration, and below it where answers lie.

    `bins` hold low, high, count, confidence, accuracy as `tunebook.metrics.calibration.Bin` does.
    """
    frame = Frame(_WIDTH, _HEIGHT, (0.0, 1.0), (0.0, 1.0))
    parts = frame.axes(*axes)
    filled = [row for row in bins if row["count"]]
    most = max((row["count"] for row in filled), default=1)
    for row in filled:
        x, wide = frame.across(row["low"]), frame.across(row["high"]) - frame.across(row["low"]) - 2
        top, foot = frame.up(row["accuracy"]), frame.up(0)
        told = f"{row['low']:.2f}–{row['high']:.2f}: {row['accuracy']:.3f} ({row['count']:,})"
        faint = 0.25 + 0.75 * (row["count"] / most) ** 0.5
        parts.append(
            element(
                "rect",
                element("title", told),
                x=x + 1,
                y=top,
                width=wide,
                height=max(foot - top, 0.5),
                class_="fill s1",
                fill_opacity=faint,
            )
        )
    parts.append(frame.line([(0, 0), (1, 1)], class_="chosen"))
    points = [(float(row["confidence"]), float(row["accuracy"])) for row in filled]
    parts += [element("circle", cx=frame.across(x), cy=frame.up(y), r=3.5, class_="fill s2") for x, y in points]
    return picture(_WIDTH, _HEIGHT, label, parts)


__all__ = ["reliability_plot"]
