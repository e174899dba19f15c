"""A value of a row with the reason for it, as rules and tasks propose it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tunebook.core.localized import localized
from tunebook.core.params import Value

Confidence = Literal["high", "medium", "low"]


@dataclass(frozen=True)
class Advice:
    """A value and why.

    Attributes:
        source: a paper, `measured: FILE`, `knowledge base: n tests`, the data itself, or a rule of thumb.
        confidence: `high` for what was measured on this very data or is agreed on; `medium` for what was shown on other
            data; `low` for a rule of thumb.
        asked: somebody asked for it: it is no recommendation that a later one may take back.
    """

    value: Value
    reason: str
    source: str
    confidence: Confidence = "medium"
    asked: bool = False

    @property
    def words(self) -> str:
        """Reason, source and confidence in one text, as it stands in a table."""
        sure = localized(f"confidence.{self.confidence}")
        return localized("recommend.because", reason=self.reason, source=self.source, confidence=sure)


__all__ = ["Advice", "Confidence"]
