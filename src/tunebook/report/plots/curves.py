"""Curves over the steps of training: of one run, and of several at once as their mean in a band between the ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tunebook.report.svg import Frame, element, legend, picture, words

_WIDTH, _HEIGHT = 470.0, 290.0
# More points than this cannot be told apart: neighbours are averaged.
_POINTS = 240
_GRID = 120  # places at which curves of different steps are averaged
Points = Sequence[tuple[float, float]]


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


@dataclass(frozen=True)
class Bundle:
    """Curves (x, value) of the runs of one arm; `kind` is the class of its colour."""

    name: str
    curves: Sequence[Points]
    kind: str


@dataclass(frozen=True)
class Band:
    """Mean, lowest and highest value at each x."""

    x: Sequence[float]
    mean: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def band_of(curves: Sequence[Points]) -> Band | None:
    """The band of some curves; None without a point. At each x it holds the runs that lasted so long."""
    known = [sorted(curve) for curve in curves if curve]
    if not known:
        return None
    places = sorted({x for curve in known for x, _ in curve})
    if len(places) > _GRID:
        first, last = places[0], places[-1]
        places = [first + (last - first) * step / (_GRID - 1) for step in range(_GRID)]
    columns = [[_at(curve, x) for curve in known if curve[0][0] <= x <= curve[-1][0]] for x in places]
    kept = [(x, values) for x, values in zip(places, columns, strict=True) if values]
    return Band(
        [x for x, _ in kept],
        [sum(values) / len(values) for _, values in kept],
        [min(values) for _, values in kept],
        [max(values) for _, values in kept],
    )


def _at(curve: Points, x: float) -> float:
    """Value of a curve at x, straight between its points."""
    before = max((point for point in curve if point[0] <= x), key=lambda point: point[0])
    after = min((point for point in curve if point[0] >= x), key=lambda point: point[0])
    if after[0] == before[0]:
        return before[1]
    return before[1] + (after[1] - before[1]) * (x - before[0]) / (after[0] - before[0])


def band_plot(label: str, bundles: Sequence[Bundle], axes: tuple[str, str]) -> Markup | None:
    """The bands of all arms on one field; None where no run has a point."""
    found = [(bundle, band) for bundle in bundles if (band := band_of(bundle.curves)) is not None]
    if not found:
        return None
    low, high = min(min(band.low) for _, band in found), max(max(band.high) for _, band in found)
    pad = (high - low) * 0.08 or abs(high) * 0.05 or 0.05
    last = max(band.x[-1] for _, band in found)
    frame = Frame(_WIDTH, _HEIGHT, (0.0, last or 1.0), (low - pad, high + pad), top=34)
    parts = frame.axes(*axes)
    for bundle, band in found:
        edge = [*zip(band.x, band.high, strict=True), *reversed(list(zip(band.x, band.low, strict=True)))]
        path = " ".join(f"{frame.across(x):.1f},{frame.up(y):.1f}" for x, y in edge)
        parts.append(element("polygon", points=path, class_=f"fill {bundle.kind}", fill_opacity=0.16))
        parts.append(frame.line(list(zip(band.x, band.mean, strict=True)), class_=f"line {bundle.kind}"))
        if len(band.x) <= 12:
            parts += [
                element("circle", cx=frame.across(x), cy=frame.up(y), r=3, class_=f"fill {bundle.kind}")
                for x, y in zip(band.x, band.mean, strict=True)
            ]
    parts += legend([(bundle.name, bundle.kind) for bundle, _ in found], frame.left, 16)
    return picture(_WIDTH, _HEIGHT, label, parts)


__all__ = ["Band", "Bundle", "Curve", "band_of", "band_plot", "curve_plot"]
