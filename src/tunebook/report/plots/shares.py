"""Shares of a whole as bars."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from tunebook.core.widths import cut
from tunebook.report.svg import element, picture, width_of, words

_WIDTH, _ROW = 620.0, 28.0


def share_plot(label: str, items: Sequence[tuple[str, float]]) -> Markup:
    """One horizontal bar for each name, with its share between 0 and 1."""
    names = [cut(name, 32) for name, _ in items]
    left = max(width_of(name, 12) for name in names) + 12
    room = _WIDTH - left - 70
    parts = []
    for place, (name, (_, share)) in enumerate(zip(names, items, strict=True)):
        y = 4 + place * _ROW
        parts.append(words(left - 8, y + 15, name, class_="tick", text_anchor="end"))
        length = max(share * room, 1.0)
        parts.append(element("rect", x=left, y=y + 2, width=length, height=_ROW - 10, rx=2, class_="fill s1"))
        parts.append(words(left + length + 8, y + 15, f"{share:.0%}", class_="number"))
    return picture(_WIDTH, 8 + _ROW * len(items), label, parts)


__all__ = ["share_plot"]
