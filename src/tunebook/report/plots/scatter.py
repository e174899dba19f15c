"""Predicted numbers against true ones."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from tunebook.report.svg import Frame, element, picture

_SIDE = 460.0
_MOST = 1500


def scatter_plot(label: str, points: Sequence[Sequence[float]], axes: tuple[str, str]) -> Markup:
    """Points (true, predicted) and the line on which both agree; of very many points every k-th is drawn."""
    shown = points[:: -(-len(points) // _MOST) or 1]
    values = [float(value) for point in shown for value in point]
    pad = (max(values) - min(values)) * 0.05 or 0.5
    ends = (min(values) - pad, max(values) + pad)
    frame = Frame(_SIDE, _SIDE, ends, ends)
    parts = frame.axes(*axes)
    parts.append(frame.line([(ends[0], ends[0]), (ends[1], ends[1])], class_="chosen"))
    parts += [
        element("circle", cx=frame.across(true), cy=frame.up(guess), r=3, class_="fill s1", fill_opacity=0.45)
        for true, guess in shown
    ]
    return picture(_SIDE, _SIDE, label, parts)


__all__ = ["scatter_plot"]
