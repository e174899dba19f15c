"""A score against one row: a dot for every trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tunebook.report.plots.rulers import Ruler
from tunebook.report.svg import Frame, element, picture, tick_text, ticks, words

_WIDTH, _HEIGHT = 470.0, 260.0


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
    frame = Frame(_WIDTH, _HEIGHT, (-0.04, 1.04), ends, left=54, top=10)
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
    parts += [_dot(frame, point) for point in sorted(points, key=lambda point: point.first)]
    return picture(_WIDTH, _HEIGHT, label, parts)


def _dot(frame: Frame, point: Point) -> Markup:
    x, y = frame.across(point.place), frame.up(point.score)
    title = element("title", f"{point.score:.4g}")
    if point.first:
        return element("circle", title, cx=x, cy=y, r=5.0, class_="mark")
    return element("circle", title, cx=x, cy=y, r=4.0, class_="fill s1", fill_opacity=0.25 + 0.7 * point.late)


__all__ = ["Point", "slice_plot"]
