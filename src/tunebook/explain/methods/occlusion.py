"""Occlusion: what a score loses without each unit of the text."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from tunebook.explain.line import Line
from tunebook.explain.method import Found, Method
from tunebook.explain.units import Units


class Occlusion(Method):
    """The score of the whole text less that of the text without the unit.

    Units that only speak together (of two words that say the same each alone suffices) get little.

    Source: Zeiler and Fergus 2014 (arXiv:1311.2901), section 2; Li, Monroe and Jurafsky 2016 (arXiv:1612.08220).
    """

    key: ClassVar[str] = "occlusion"

    def explain(self, line: Line, units: Units) -> Found:
        """As many passes as there are units, many at once."""
        removed = np.vstack([np.zeros(len(units), dtype=bool), np.eye(len(units), dtype=bool)])
        scores = line.scores(units.without(removed))
        return Found(scores[0] - scores[1:])


__all__ = ["Occlusion"]
