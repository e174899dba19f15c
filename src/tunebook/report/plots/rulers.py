"""Scales of rows: where a value stands between two ends, linear, logarithmic, or on and off."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tunebook.report.svg import tick_text, ticks


@dataclass(frozen=True)
class Ruler:
    """The scale of one row.

    Attributes:
        low, high: its ends; of a switch 0 and 1.
        states: words for off and on; empty for numbers.
    """

    name: str
    low: float
    high: float
    log: bool = False
    states: tuple[str, ...] = ()

    def place(self, value: Any) -> float | None:
        """Where a value stands, 0 at the low end and 1 at the high one; None for what is no number."""
        if not isinstance(value, int | float) or (self.log and value <= 0):
            return None
        low, high, at = (math.log(v) if self.log else float(v) for v in (self.low, self.high, value))
        return (at - low) / ((high - low) or 1.0)

    def marks(self) -> list[tuple[float, str]]:
        """Places with round numbers, and these as text."""
        if self.states:
            return list(zip((0.0, 1.0), self.states, strict=True))
        values = _log_ticks(self.low, self.high) if self.log else ticks(self.low, self.high, 4)
        return [(place, tick_text(value)) for value in values if (place := self.place(value)) is not None]


def _log_ticks(low: float, high: float) -> list[float]:
    """Round numbers on a logarithmic scale: powers of ten, with 2 and 5 where these are few."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1,), (1, 3), (1, 2, 5), (1, 2, 3, 4, 5, 6, 8)):
        found = [float(f"{factor}e{power}") for power in powers for factor in factors]
        inside = [value for value in found if low * 0.999 <= value <= high * 1.001]
        if len(inside) >= 3:
            return inside
    return [low, high]


__all__ = ["Ruler"]
