"""All rows at once: a line for every trial, from value to value to its score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tunebook.core.widths import cut
from tunebook.report.plots.rulers import Ruler
from tunebook.report.svg import Scale, element, picture, words

_WIDTH, _HEIGHT, _TOP, _FOOT, _SIDE = 960.0, 330.0, 40.0, 284.0, 90.0


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


__all__ = ["Path", "parallel_plot"]
