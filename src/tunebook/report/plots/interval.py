"""Intervals of a gain under each other, with the lines of no gain and of the least gain worth having."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tunebook.core.widths import cut
from tunebook.report.svg import Scale, element, picture, tick_text, ticks, words

_WIDTH, _ROW, _TOP, _LABEL, _VALUE, _FOOT = 960.0, 40.0, 34.0, 190.0, 200.0, 50.0


@dataclass(frozen=True)
class Span:
    """A gain with the ends of its interval; `text` says the same in numbers."""

    label: str
    value: float
    low: float
    high: float
    text: str


@dataclass(frozen=True)
class Line:
    """A vertical line at a value, with its name."""

    value: float
    name: str


def interval_plot(label: str, spans: Sequence[Span], lines: Sequence[Line], axis: str) -> Markup:
    """All intervals on one scale that holds the lines too."""
    values = [value for span in spans for value in (span.low, span.high)] + [line.value for line in lines]
    pad = (max(values) - min(values)) * 0.08 or abs(values[0]) * 0.1 or 1.0
    scale = Scale(min(values) - pad, max(values) + pad, _LABEL, _WIDTH - _VALUE)
    height = _TOP + _ROW * len(spans) + _FOOT
    foot = height - _FOOT
    parts = []
    for value in ticks(scale.low, scale.high, 7):
        at = scale(value)
        parts.append(element("line", x1=at, x2=at, y1=_TOP - 8, y2=foot, class_="grid"))
        parts.append(words(at, foot + 18, tick_text(value), class_="tick", text_anchor="middle"))
    parts.append(words((scale.start + scale.end) / 2, height - 8, axis, class_="name", text_anchor="middle"))
    for place, line in enumerate(lines):
        at = scale(line.value)
        parts.append(element("line", x1=at, x2=at, y1=_TOP - 8, y2=foot, class_="chosen" if place else "axis"))
        left = place == 0
        parts.append(
            words(
                at - 5 if left else at + 5, _TOP - 14, line.name, class_="name", text_anchor="end" if left else "start"
            )
        )
    for place, span in enumerate(spans):
        parts += _span(span, _TOP + _ROW * (place + 0.5), scale)
    return picture(_WIDTH, height, label, parts)


def _span(span: Span, y: float, scale: Scale) -> list[Markup]:
    low, high = scale(span.low), scale(span.high)
    return [
        words(_LABEL - 14, y + 4, cut(span.label, 26), class_="label", text_anchor="end"),
        element("line", x1=low, x2=high, y1=y, y2=y, class_="whisker"),
        *(element("line", x1=x, x2=x, y1=y - 6, y2=y + 6, class_="whisker") for x in (low, high)),
        element(
            "circle", element("title", f"{span.label}: {span.text}"), cx=scale(span.value), cy=y, r=6, class_="fill s1"
        ),
        words(_WIDTH - _VALUE + 14, y + 4, span.text, class_="number"),
    ]


__all__ = ["Line", "Span", "interval_plot"]
