"""Old and new rows side by side, and what changes from look to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tunebook.core.messages import cut
from tunebook.report.svg import Frame, element, legend, picture, width_of, words

_WIDTH, _HEIGHT, _ROW = 470.0, 250.0, 34.0


@dataclass(frozen=True)
class Curve:
    """Values (look, value) with the ends of their intervals, where there are any; `kind` is the class of its colour."""

    name: str
    points: Sequence[tuple[float, float]]
    kind: str
    band: Sequence[tuple[float, float]] = ()


def two_histograms(
    label: str,
    edges: Sequence[float],
    shares: tuple[Sequence[float], Sequence[float]],
    axes: tuple[str, str],
    said: tuple[str, str],
) -> Markup:
    """Shares of old and new rows between edges: the new ones as bars, the old ones as a line of steps over them; `said`
    is what the two are called."""
    old, new = shares
    frame = Frame(_WIDTH, _HEIGHT, (float(edges[0]), float(edges[-1])), (0.0, (max(*old, *new) or 1) * 1.08), top=34)
    parts = frame.axes(*axes)
    foot = frame.up(0)
    for low, high, share in zip(edges[:-1], edges[1:], new, strict=True):
        x, top = frame.across(low), frame.up(share)
        told = element("title", f"{low:.4g}–{high:.4g}: {share:.1%}")
        wide = max(frame.across(high) - x - 1, 0.5)
        parts.append(element("rect", told, x=x, y=top, width=wide, height=max(foot - top, 0.0), class_="fill s2"))
    steps = [(edge, share) for place, share in enumerate(old) for edge in edges[place : place + 2]]
    parts.append(frame.line([(edges[0], 0.0), *steps, (edges[-1], 0.0)], class_="line s1"))
    return picture(_WIDTH, _HEIGHT, label, [*parts, *legend([(said[0], "s1"), (said[1], "s2")], frame.left, 16)])


def two_bars(
    label: str, names: Sequence[str], shares: tuple[Sequence[float], Sequence[float]], said: tuple[str, str]
) -> Markup:
    """Shares of old and new rows in categories, two bars each."""
    shown = [cut(name, 24) for name in names]
    left = max((width_of(name, 12) for name in shown), default=0.0) + 12
    most = max(*shares[0], *shares[1]) or 1.0
    room = _WIDTH - left - 60
    parts = legend([(said[0], "s1"), (said[1], "s2")], left, 14)
    for place, name in enumerate(shown):
        y = 26 + place * _ROW
        parts.append(words(left - 8, y + 17, name, class_="tick", text_anchor="end"))
        for side, kind in enumerate(("s1", "s2")):
            share = shares[side][place]
            length, top = max(share / most * room, 1.0), y + 1 + side * 13
            parts.append(element("rect", x=left, y=top, width=length, height=11, rx=2, class_=f"fill {kind}"))
            parts.append(words(left + length + 6, top + 10, f"{share:.1%}", class_="number"))
    return picture(_WIDTH, 32 + _ROW * len(shown), label, parts)


def looks_plot(label: str, curves: Sequence[Curve], axes: tuple[str, str], alarms: Sequence[float] = ()) -> Markup:
    """Curves over the looks, each with its band; a line stands at each look that raised an alarm."""
    points = [point for curve in curves for point in curve.points]
    ends = [end for curve in curves for pair in curve.band for end in pair] or [y for _, y in points]
    low, high = min(*ends, *(y for _, y in points)), max(*ends, *(y for _, y in points))
    pad = (high - low) * 0.08 or abs(high) * 0.05 or 0.05
    first, last = min(x for x, _ in points), max(x for x, _ in points)
    bottom = max(low - pad, 0.0) if low >= 0 else low - pad
    frame = Frame(_WIDTH, _HEIGHT, (first - 0.5, last + 0.5), (bottom, high + pad), top=34)
    parts = frame.axes(*axes, whole=True)
    for at in alarms:
        x = frame.across(at)
        parts.append(element("line", x1=x, x2=x, y1=frame.top, y2=frame.height - frame.bottom, class_="chosen"))
    for curve in curves:
        if curve.band:
            places = [x for x, _ in curve.points]
            edge = [*zip(places, (top for _, top in curve.band), strict=True)]
            edge += reversed([*zip(places, (foot for foot, _ in curve.band), strict=True)])
            path = " ".join(f"{frame.across(x):.1f},{frame.up(y):.1f}" for x, y in edge)
            parts.append(element("polygon", points=path, class_=f"fill {curve.kind}", fill_opacity=0.16))
        parts.append(frame.line(curve.points, class_=f"line {curve.kind}"))
        if len(curve.points) <= 40:
            for x, y in curve.points:
                dot = element("title", f"{x:g}: {y:.4g}")
                parts.append(
                    element("circle", dot, cx=frame.across(x), cy=frame.up(y), r=3, class_=f"fill {curve.kind}")
                )
    names = [(cut(curve.name, 16), curve.kind) for curve in curves]
    return picture(_WIDTH, _HEIGHT, label, [*parts, *legend(names, frame.left, 16)])


__all__ = ["Curve", "looks_plot", "two_bars", "two_histograms"]
