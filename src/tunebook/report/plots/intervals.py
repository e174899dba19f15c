"""Scores and gains with their intervals: under each other on one scale, and run by run as pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from tunebook.core.messages import cut
from tunebook.report.svg import Frame, Scale, element, picture, tick_text, ticks, width_of, words

_WIDTH, _ROW, _TOP, _LABEL, _VALUE, _FOOT = 960.0, 40.0, 34.0, 190.0, 200.0, 50.0
_DOT_WIDTH, _DOT_ROW, _DOT_TOP, _DOT_LABEL, _DOT_VALUE = 960.0, 36.0, 40.0, 196.0, 180.0
_PAIR_WIDTH, _PAIR_HEIGHT = 470.0, 320.0
_A, _B = 0.28, 0.72


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
        left = line.value == min(other.value for other in lines)  # so that two names never meet
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
    scale = Scale(low, min(high, 1.005) if max(values) <= 1 else high, _DOT_LABEL, _DOT_WIDTH - _DOT_VALUE)
    height = _DOT_TOP + _DOT_ROW * len(lines) + 28
    parts = _dot_legend(run, baselines)
    for value in ticks(scale.low, scale.high, 6):
        at = scale(value)
        parts.append(element("line", x1=at, x2=at, y1=_DOT_TOP - 8, y2=height - 28, class_="grid"))
        parts.append(words(at, height - 10, tick_text(value), class_="tick", text_anchor="middle"))
    for place, line in enumerate(lines):
        parts += _dot_line(line, _DOT_TOP + _DOT_ROW * (place + 0.4), scale, baselines)
    return picture(_DOT_WIDTH, height, label, parts)


def _dot_line(line: Dot, y: float, scale: Scale, baselines: Sequence[str]) -> list[Markup]:
    parts = [words(_DOT_LABEL - 14, y + 4, cut(line.label, 24), class_="label", text_anchor="end")]
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
    parts.append(words(_DOT_WIDTH - _DOT_VALUE + 14, y + 4, text, class_="number"))
    return parts


def _dot_legend(run: str, baselines: Sequence[str]) -> list[Markup]:
    x = _DOT_LABEL
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


def paired_plot(
    label: str, names: tuple[str, str], scores: Sequence[tuple[float, float]], seeds: Sequence[int], axis: str
) -> Markup:
    """A point for each run, A on the left and B on the right; short lines mark the means.

    Args:
        scores: of A and B, seed by seed.
    """
    values = [value for pair in scores for value in pair]
    pad = (max(values) - min(values)) * 0.12 or abs(values[0]) * 0.05 or 0.05
    frame = Frame(_PAIR_WIDTH, _PAIR_HEIGHT, (0.0, 1.0), (min(values) - pad, max(values) + pad), bottom=34)
    foot = frame.height - frame.bottom
    # The horizontal axis has two places and no numbers.
    parts = [part for part in frame.axes("", axis) if f'y="{foot + 18:g}"' not in part]
    for place, name in ((_A, names[0]), (_B, names[1])):
        parts.append(words(frame.across(place), foot + 20, name, class_="label", text_anchor="middle"))
    for (a, b), seed in zip(scores, seeds, strict=True):
        kind = "s1" if b >= a else "s2"
        parts.append(frame.line([(_A, a), (_B, b)], class_=f"line {kind}", stroke_opacity=0.55))
        for place, value, colour in ((_A, a, "s2"), (_B, b, "s1")):
            title = element("title", f"{seed}: {value:.4g}")
            at = {"cx": frame.across(place), "cy": frame.up(value)}
            parts.append(element("circle", title, **at, r=4.5, class_=f"fill {colour}"))
    for place, side in ((_A, 0), (_B, 1)):
        mean = sum(pair[side] for pair in scores) / len(scores)
        ends = [(place - 0.07, mean), (place + 0.07, mean)]
        parts.append(frame.line(ends, class_="axis", stroke_width=2))
    return picture(_PAIR_WIDTH, _PAIR_HEIGHT, label, parts)


__all__ = ["Dot", "Line", "Span", "dot_plot", "interval_plot", "paired_plot"]
