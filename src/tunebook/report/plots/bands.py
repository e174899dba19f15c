"""Curves of several runs at once: their mean, in a band from the lowest to the highest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tunebook.report.svg import Frame, element, legend, picture

_WIDTH, _HEIGHT = 470.0, 290.0
_GRID = 120  # places at which curves of different steps are averaged
Points = Sequence[tuple[float, float]]


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


__all__ = ["Band", "Bundle", "band_of", "band_plot"]
