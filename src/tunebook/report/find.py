"""The page of a learning-rate range test: the loss over the rate, and the rate to set."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from tunebook.core.messages import say
from tunebook.report.page import write_page
from tunebook.report.svg import Frame, element, legend, picture, words

if TYPE_CHECKING:
    from tunebook.verbs.steps.find import RateFound

_WIDTH, _HEIGHT = 560.0, 320.0


def rate_plot(found: RateFound) -> Markup:
    """Loss of each step and smoothed loss over the logarithm of the rate; a line at the rate to set."""
    places = [math.log10(rate) for rate in found.rates]
    top = 1.3 * max(found.smooth[0], min(found.smooth))  # what comes after the loss has left the ground is of no use
    low = min(*found.losses, *found.smooth)
    frame = Frame(_WIDTH, _HEIGHT, (places[0], places[-1]), (low - 0.05 * (top - low), top), top=34)
    parts = frame.axes(say("find.axis_rate"), say("find.axis_loss"))
    for place, values in enumerate((found.losses, found.smooth), 1):
        points = [(x, min(y, top)) for x, y in zip(places, values, strict=True)]
        parts.append(frame.line(points, class_=f"line s{place}"))
    at = frame.across(math.log10(found.rate))
    parts += [
        element("line", x1=at, x2=at, y1=frame.top, y2=frame.height - frame.bottom, class_="chosen"),
        words(at + 6, frame.top + 10, f"{found.rate:g}", class_="name"),
    ]
    parts += legend([(say("find.step_loss"), "s1"), (say("find.smooth_loss"), "s2")], frame.left, 16)
    return picture(_WIDTH, _HEIGHT, say("find.title"), parts)


def write_rate_page(path: Path, found: RateFound, table: str, row: str = "learning_rate") -> Path:
    """Write the page: one file that needs nothing else. `row` is where the rate is to be set."""
    facts = [
        (say("find.table"), table),
        (say("find.rate"), f"{found.rate:g}"),
        (say("find.steepest"), f"{found.steepest:g}"),
        (say("find.tenth"), f"{found.tenth:g}"),
    ]
    return write_page(path, "find.html.j2", facts=facts, plot=rate_plot(found), rate=f"{found.rate:g}", row=row)


__all__ = ["rate_plot", "write_rate_page"]
