"""Random values: the floor that every other method has to beat."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tunebook.explain.line import Line
from tunebook.explain.method import Found, Method
from tunebook.explain.units import Units


class Random(Method):
    """Values drawn at random; the same for the same tokens."""

    key: ClassVar[str] = "random"

    def explain(self, line: Line, units: Units) -> Found:
        """Normal deviates."""
        seed = [int(number) for number in line.ids[0].tolist()]
        return Found(np.random.default_rng(seed).normal(size=len(units)))


__all__ = ["Random"]
