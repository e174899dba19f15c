"""Answers against the truth: confusion of classes as a map, how often answers of a confidence are right, and predicted
numbers over true ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from tunebook.core.messages import cut
from tunebook.report.svg import Frame, element, picture, width_of, words

# Up to this many classes cells carry their counts, and up to this many classes have their names at the axes.
COUNTED, NAMED = 20, 160
_NAME = 20
_FEWEST, _SMALL = 26.0, 11.0  # pixels of a cell with its count, and of one beside a small name
_WIDTH, _HEIGHT = 470.0, 330.0
_SIDE = 460.0
_MOST = 1500


def heat_map(label: str, confusion: Sequence[Sequence[int]], names: Sequence[str], axes: tuple[str, str]) -> Markup:
    """Each cell is as strong as its share of its true class; right answers in one colour, wrong ones in another.

    Args:
        confusion: counts, shape (C, C).
        names: the classes in the same order.
        axes: what true and predicted are called.
    """
    count = len(names)
    named, letter = count <= NAMED, 12.0 if count <= COUNTED else 9.5
    size = min(84.0, max(_FEWEST if count <= COUNTED else _SMALL if named else 3.0, 440.0 / count))
    short = [cut(name, _NAME) for name in names] if named else []
    left = 30 + max((width_of(name, letter) for name in short), default=0) + 8
    slope = named and any(width_of(name, letter) > size - 6 for name in short)
    foot = (max(width_of(name, letter) for name in short) * 0.64 + 18 if slope else 24.0) if named else 6.0
    style = f"font-size:{letter:g}px"
    field = size * count
    parts = [
        _cell(left + column * size, 6 + row * size, size, (row, column), confusion, names)
        for row in range(count)
        for column in range(count)
        if count <= COUNTED or confusion[row][column]
    ]
    parts.append(element("rect", x=left, y=6, width=field, height=field, class_="edge"))
    for place, name in enumerate(short):
        middle = (place + 0.5) * size
        parts.append(words(left - 8, 6 + middle + 4, name, class_="tick", text_anchor="end", style=style))
        x, y = left + middle, field + 6 + letter + 5
        anchor = "end" if slope else "middle"
        turned = f"rotate(-40 {x:g} {y:g})" if slope else None
        parts.append(words(x, y, name, class_="tick", text_anchor=anchor, transform=turned, style=style))
    height = field + foot + 30
    parts.append(words(left + field / 2, height - 6, axes[1], class_="name", text_anchor="middle"))
    middle = 6 + field / 2
    turn = f"rotate(-90 14 {middle:g})"
    parts.append(words(14, middle, axes[0], class_="name", text_anchor="middle", transform=turn))
    return picture(left + field + 10, height, label, parts)


def _cell(
    x: float, y: float, size: float, place: tuple[int, int], confusion: Sequence[Sequence[int]], names: Sequence[str]
) -> Markup:
    row, column = place
    count = confusion[row][column]
    share = count / max(sum(confusion[row]), 1)
    kind = "right" if row == column else "wrong"
    told = element("title", f"{names[row]} → {names[column]}: {count} ({share:.1%})")
    gap = 1.0 if size > 8 else 0.0
    strength = share**0.7
    square = element(
        "rect",
        told,
        x=x,
        y=y,
        width=size - gap,
        height=size - gap,
        class_=f"cell {kind}" if count else "cell none",
        fill_opacity=max(strength, 0.06) if count else None,
    )
    if len(names) > COUNTED or not count:
        return square
    over = "over" if strength > 0.6 else "tick"
    middle = (x + (size - gap) / 2, y + (size - gap) / 2 + 4)
    return square + words(*middle, str(count), class_=over, text_anchor="middle", pointer_events="none")


def reliability_plot(label: str, bins: Sequence[Mapping[str, Any]], axes: tuple[str, str]) -> Markup:
    """A bar for each bin up to its accuracy, the diagonal of perfect calibration, and below it where answers lie.

    `bins` hold low, high, count, confidence, accuracy as `tunebook.stats.calibration.Bin` does.
    """
    frame = Frame(_WIDTH, _HEIGHT, (0.0, 1.0), (0.0, 1.0))
    parts = frame.axes(*axes)
    filled = [row for row in bins if row["count"]]
    most = max((row["count"] for row in filled), default=1)
    for row in filled:
        x, wide = frame.across(row["low"]), frame.across(row["high"]) - frame.across(row["low"]) - 2
        top, foot = frame.up(row["accuracy"]), frame.up(0)
        told = f"{row['low']:.2f}–{row['high']:.2f}: {row['accuracy']:.3f} ({row['count']:,})"
        faint = 0.25 + 0.75 * (row["count"] / most) ** 0.5
        parts.append(
            element(
                "rect",
                element("title", told),
                x=x + 1,
                y=top,
                width=wide,
                height=max(foot - top, 0.5),
                class_="fill s1",
                fill_opacity=faint,
            )
        )
    parts.append(frame.line([(0, 0), (1, 1)], class_="chosen"))
    points = [(float(row["confidence"]), float(row["accuracy"])) for row in filled]
    parts += [element("circle", cx=frame.across(x), cy=frame.up(y), r=3.5, class_="fill s2") for x, y in points]
    return picture(_WIDTH, _HEIGHT, label, parts)


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


__all__ = ["COUNTED", "NAMED", "heat_map", "reliability_plot", "scatter_plot"]
