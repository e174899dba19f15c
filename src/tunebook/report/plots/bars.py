"""Bars: how many rows a class has, how long the texts are, and shares of a whole."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from tunebook.core.messages import cut
from tunebook.report.svg import Frame, element, picture, width_of, words

_WIDTH, _ROW = 470.0, 24.0
_WIDE, _HIGH = 620.0, 28.0


def bar_plot(label: str, items: Sequence[tuple[str, float]], total: float) -> Markup:
    """One horizontal bar for each name, with its number and its share of the total."""
    names = [cut(name, 24) for name, _ in items]
    left = max(width_of(name, 12) for name in names) + 12
    most = max(value for _, value in items) or 1.0
    room = _WIDTH - left - 100
    parts = []
    for place, (name, (_, value)) in enumerate(zip(names, items, strict=True)):
        y = 4 + place * _ROW
        parts.append(words(left - 8, y + 14, name, class_="tick", text_anchor="end"))
        length = max(value / most * room, 1.0)
        parts.append(element("rect", x=left, y=y + 2, width=length, height=_ROW - 8, rx=2, class_="fill s1"))
        told = f"{value:,.0f}  ({value / (total or 1):.1%})"
        parts.append(words(left + length + 8, y + 14, told, class_="number"))
    return picture(_WIDTH, 8 + _ROW * len(items), label, parts)


def histogram(
    label: str,
    edges: Sequence[float],
    counts: Sequence[float],
    axes: tuple[str, str],
    marks: Sequence[tuple[str, float]],
) -> Markup:
    """Counts between edges (one more than counts); `marks` are named values that get a line."""
    frame = Frame(_WIDTH, 250, (float(edges[0]), float(edges[-1])), (0.0, (max(counts) or 1) * 1.08), top=30)
    parts = frame.axes(*axes)
    foot = frame.up(0)
    for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
        x, top = frame.across(low), frame.up(count)
        told = element("title", f"{low:g}–{high:g}: {count:,.0f}")
        wide = max(frame.across(high) - x - 1, 0.5)
        parts.append(element("rect", told, x=x, y=top, width=wide, height=max(foot - top, 0.0), class_="fill s1"))
    for name, value in marks:
        if frame.x[0] <= value <= frame.x[1]:
            at = frame.across(value)
            parts.append(element("line", x1=at, x2=at, y1=frame.top - 6, y2=foot, class_="chosen"))
            parts.append(words(at, frame.top - 12, name, class_="name", text_anchor="middle"))
    return picture(_WIDTH, 250, label, parts)


def share_plot(label: str, items: Sequence[tuple[str, float]]) -> Markup:
    """One horizontal bar for each name, with its share between 0 and 1."""
    names = [cut(name, 32) for name, _ in items]
    left = max(width_of(name, 12) for name in names) + 12
    room = _WIDE - left - 70
    parts = []
    for place, (name, (_, share)) in enumerate(zip(names, items, strict=True)):
        y = 4 + place * _HIGH
        parts.append(words(left - 8, y + 15, name, class_="tick", text_anchor="end"))
        length = max(share * room, 1.0)
        parts.append(element("rect", x=left, y=y + 2, width=length, height=_HIGH - 10, rx=2, class_="fill s1"))
        parts.append(words(left + length + 8, y + 15, f"{share:.0%}", class_="number"))
    return picture(_WIDE, 8 + _HIGH * len(items), label, parts)


__all__ = ["bar_plot", "histogram", "share_plot"]
