"""Curves over the steps of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tunebook.report.svg import Frame, element, legend, picture, words

_WIDTH, _HEIGHT = 470.0, 290.0
# More points than this cannot be told apart: neighbours are averaged.
_POINTS = 240


@dataclass(frozen=True)
class Curve:
    """Points (step, value) of one curve; `dots` shows each of them."""

    name: str
    points: Sequence[tuple[float, float]]
    dots: bool = False


def curve_plot(label: str, curves: Sequence[Curve], axes: tuple[str, str], chosen: tuple[float, str]) -> Markup:
    """Curves on one field; `chosen` is the step that is marked (NaN for none) and what the mark is called."""
    thin = [Curve(curve.name, _thinned(curve.points), curve.dots) for curve in curves]
    points = [point for curve in thin for point in curve.points]
    low, high = min(y for _, y in points), max(y for _, y in points)
    pad = (high - low) * 0.08 or abs(high) * 0.05 or 0.05
    last = max(x for x, _ in points)
    frame = Frame(_WIDTH, _HEIGHT, (0.0, float(last) or 1.0), (low - pad, high + pad), top=34)
    parts = frame.axes(*axes)
    parts += _chosen(frame, *chosen)
    for place, curve in enumerate(thin, 1):
        parts.append(frame.line(curve.points, class_=f"line s{place}"))
        if curve.dots:
            parts += [
                element(
                    "circle",
                    element("title", f"{x:g}: {y:.4g}"),
                    cx=frame.across(x),
                    cy=frame.up(y),
                    r=3,
                    class_=f"fill s{place}",
                )
                for x, y in curve.points
            ]
    parts += legend([(curve.name, f"s{place}") for place, curve in enumerate(curves, 1)], frame.left, 16)
    return picture(_WIDTH, _HEIGHT, label, parts)


def _chosen(frame: Frame, step: float, name: str) -> list[Markup]:
    if not frame.x[0] <= step <= frame.x[1]:
        return []
    at = frame.across(step)
    late = at > (frame.left + frame.width) / 2
    return [
        element("line", x1=at, x2=at, y1=frame.top, y2=frame.height - frame.bottom, class_="chosen"),
        words(at + (-6 if late else 6), frame.top + 10, name, class_="name", text_anchor="end" if late else "start"),
    ]


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    size = -(-len(points) // _POINTS) or 1
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]


__all__ = ["Curve", "curve_plot"]
