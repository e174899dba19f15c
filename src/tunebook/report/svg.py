"""The few parts that every plot is made of: elements, scales, axes. Colours come from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from tunebook.core.messages import columns_of

# Width of a letter of size 1, on average; letters of Chinese are twice as wide.
_LETTER = 0.6
_LEAST, _SHRUNK = 340.0, 0.8  # a plot is drawn no narrower than this, in pixels and as a share of its own width


def element(tag: str, *children: str, **attributes: object) -> Markup:
    """One element; `_` in a name stands for `-`, and `class_` for `class`. Whatever is not Markup is escaped."""
    names = [(name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items() if value is not None]
    shown = "".join(f' {name}="{escape(_short(value))}"' for name, value in names)
    inner = Markup("").join(children)
    return Markup(f"<{tag}{shown}>{inner}</{tag}>") if children else Markup(f"<{tag}{shown}/>")


def _short(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def words(x: float, y: float, text: str, **attributes: object) -> Markup:
    """A piece of text with its baseline at y."""
    return element("text", text, x=x, y=y, **attributes)


def picture(width: float, height: float, label: str, parts: Iterable[str]) -> Markup:
    """A whole plot, scaled to its place on the page, but never so small that its letters could not be read: a narrow
    page then scrolls it. `label` is read out instead of it."""
    return element(
        "svg",
        element("title", label),
        *parts,
        viewBox=f"0 0 {width:g} {height:g}",
        style=f"min-width:{min(width, max(_LEAST, width * _SHRUNK)):.0f}px;max-width:{width:g}px",
        role="img",
        aria_label=label,
        class_="plot",
    )


def width_of(text: str, size: float) -> float:
    """Width of a text in letters of a size, about."""
    return columns_of(text) * size * _LETTER


@dataclass(frozen=True)
class Scale:
    """Values low .. high on the pixels start .. end."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Pixel of a value."""
        spread = self.high - self.low
        return self.start + (value - self.low) / (spread or 1.0) * (self.end - self.start)


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` round numbers from low to high."""
    if not high > low:
        return [low]
    rough = (high - low) / count
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [i * step + 0.0 for i in range(first, math.floor(high / step + 1e-9) + 1)]


def tick_text(value: float) -> str:
    """A round number, as short as it goes."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.6g}"


@dataclass(frozen=True)
class Frame:
    """A field with a horizontal and a vertical scale.

    Attributes:
        width, height: of the whole plot, axes included.
        x, y: smallest and largest value.
    """

    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]
    left: float = 62
    right: float = 14
    top: float = 14
    bottom: float = 44

    @property
    def across(self) -> Scale:
        """Value of x -> pixel."""
        return Scale(*self.x, self.left, self.width - self.right)

    @property
    def up(self) -> Scale:
        """Value of y -> pixel."""
        return Scale(*self.y, self.height - self.bottom, self.top)

    def axes(
        self, x_name: str, y_name: str, *, whole: bool = False, named: Sequence[tuple[float, str]] = ()
    ) -> list[Markup]:
        """Grid lines, their numbers, and the names of both axes.

        Args:
            whole: x counts something, so that there is nothing between two numbers.
            named: values of x with what stands below them, in place of round numbers, such as on a logarithmic scale.
        """
        below = named or [(value, tick_text(value)) for value in ticks(*self.x) if not whole or value == round(value)]
        end, foot = self.width - self.right, self.height - self.bottom
        parts = []
        for value in ticks(*self.y):
            at = self.up(value)
            parts.append(element("line", x1=self.left, x2=end, y1=at, y2=at, class_="grid"))
            parts.append(words(self.left - 8, at + 4, tick_text(value), class_="tick", text_anchor="end"))
        parts += [
            words(self.across(value), foot + 18, text, class_="tick", text_anchor="middle") for value, text in below
        ]
        parts.append(element("line", x1=self.left, x2=end, y1=foot, y2=foot, class_="axis"))
        parts.append(words((self.left + end) / 2, self.height - 6, x_name, class_="name", text_anchor="middle"))
        middle = (self.top + foot) / 2
        turn = f"rotate(-90 13 {middle:g})"
        parts.append(words(13, middle, y_name, class_="name", text_anchor="middle", transform=turn))
        return parts

    def line(self, points: Sequence[tuple[float, float]], **attributes: object) -> Markup:
        """A line through points (x, y)."""
        path = " ".join(f"{self.across(x):.1f},{self.up(y):.1f}" for x, y in points)
        return element("polyline", points=path, fill="none", **attributes)


def legend(names: Sequence[tuple[str, str]], x: float, y: float) -> list[Markup]:
    """Names with a dot of their class before them, in one line."""
    parts = []
    for name, kind in names:
        parts.append(element("circle", cx=x + 4, cy=y - 4, r=4, class_=f"fill {kind}"))
        parts.append(words(x + 13, y, name, class_="tick"))
        x += 30 + width_of(name, 12)
    return parts


__all__ = [
    "Frame",
    "Scale",
    "element",
    "legend",
    "picture",
    "tick_text",
    "ticks",
    "width_of",
    "words",
]
