"""Dots with whiskers: scores of a run with their intervals, baselines beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from tunebook.core.widths import cut
from tunebook.report.svg import Scale, element, picture, tick_text, ticks, width_of, words

_WIDTH, _ROW, _TOP, _LABEL, _VALUE = 960.0, 36.0, 40.0, 196.0, 180.0


@dataclass(frozen=True)
class Dot:
    """One line of the plot.

    Attributes:
        label: what the score is called.
        value, low, high: the score and the ends of its interval; equal where there is none.
        others: what baselines reach, by name.
    """

    label: str
    value: float
    low: float
    high: float
    others: Mapping[str, float] = field(default_factory=dict)


def dot_plot(label: str, run: str, lines: Sequence[Dot], baselines: Sequence[str]) -> Markup:
    """All lines on one scale; `run` is what the dots with whiskers are called in the legend."""
    values = [value for line in lines for value in (line.low, line.high, line.value, *line.others.values())]
    pad = max((max(values) - min(values)) * 0.06, 0.01)
    low, high = min(values) - pad, max(values) + pad
    scale = Scale(low, min(high, 1.005) if max(values) <= 1 else high, _LABEL, _WIDTH - _VALUE)
    height = _TOP + _ROW * len(lines) + 28
    parts = _legend(run, baselines)
    for value in ticks(scale.low, scale.high, 6):
        at = scale(value)
        parts.append(element("line", x1=at, x2=at, y1=_TOP - 8, y2=height - 28, class_="grid"))
        parts.append(words(at, height - 10, tick_text(value), class_="tick", text_anchor="middle"))
    for place, line in enumerate(lines):
        parts += _line(line, _TOP + _ROW * (place + 0.4), scale, baselines)
    return picture(_WIDTH, height, label, parts)


def _line(line: Dot, y: float, scale: Scale, baselines: Sequence[str]) -> list[Markup]:
    parts = [words(_LABEL - 14, y + 4, cut(line.label, 24), class_="label", text_anchor="end")]
    parts += [
        _mark(baselines.index(name), scale(value), y, f"{line.label}, {name}: {value:.3f}")
        for name, value in line.others.items()
    ]
    text = f"{line.value:.3f}"
    if line.low < line.high:
        low, high = scale(line.low), scale(line.high)
        parts.append(element("line", x1=low, x2=high, y1=y, y2=y, class_="whisker"))
        parts += [element("line", x1=x, x2=x, y1=y - 5, y2=y + 5, class_="whisker") for x in (low, high)]
        text += f"  [{line.low:.3f}, {line.high:.3f}]"
    parts.append(element("circle", cx=scale(line.value), cy=y, r=6, class_="fill s1"))
    parts.append(words(_WIDTH - _VALUE + 14, y + 4, text, class_="number"))
    return parts


def _legend(run: str, baselines: Sequence[str]) -> list[Markup]:
    x = _LABEL
    parts = [element("circle", cx=x + 5, cy=12, r=6, class_="fill s1"), words(x + 16, 16, run, class_="tick")]
    x += 34 + width_of(run, 12)
    for place, name in enumerate(baselines):
        parts += [_mark(place, x + 5, 12, name), words(x + 16, 16, name, class_="tick")]
        x += 34 + width_of(name, 12)
    return parts


def _mark(place: int, x: float, y: float, title: str) -> Markup:
    """A hollow mark of its own shape, so that baselines are told apart without colour."""
    r = 5.0
    shapes = (
        f"M{x - r:.1f} {y - r:.1f}h{2 * r}v{2 * r}h{-2 * r}z",
        f"M{x:.1f} {y - r - 1.5:.1f}l{r + 1.5} {r + 1.5}l{-r - 1.5} {r + 1.5}l{-r - 1.5} {-r - 1.5}z",
        f"M{x:.1f} {y - r - 1:.1f}l{r + 1} {2 * r}h{-2 * r - 2}z",
        f"M{x - r:.1f} {y - r:.1f}l{2 * r} {2 * r}m0 {-2 * r}l{-2 * r} {2 * r}",
    )
    return element("path", element("title", title), d=shapes[place % len(shapes)], class_=f"mark b{place % 4 + 1}")


__all__ = ["Dot", "dot_plot"]
