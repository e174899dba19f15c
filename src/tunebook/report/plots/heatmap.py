"""Confusion of classes as a map: rows are true classes, columns predicted ones."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from tunebook.core.widths import cut
from tunebook.report.svg import element, picture, width_of, words

# Up to this many classes cells carry their counts, and up to this many classes have their names at the axes.
COUNTED, NAMED = 20, 160
_NAME = 20
_FEWEST, _SMALL = 26.0, 11.0  # pixels of a cell with its count, and of one beside a small name


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


__all__ = ["COUNTED", "NAMED", "heat_map"]
