"""What a gate asks of people: a question of a rating study, and how its answer has to be."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tunebook.core.nouns import Record


class WantedRating(Record):
    """`[gate] rating` of book.toml; a text alone names the question.

    Attributes:
        question: of the study; kind: two answers side by side, or points.
        study: id, or the start of one; empty for the newest of the tested runs.
        margin: by how much the new table may be worse: of pairs in shares of all rows (wins less losses), else points.
        better: it has to be proven better, whatever the margin.
        raters, rows: at least.
        agreement: Krippendorff's alpha at least; -1 asks for none.
    """

    question: str = "overall"
    kind: Literal["pairs", "scores"] = "pairs"
    study: str = ""
    margin: float = Field(default=0.05, ge=0, le=10)
    better: bool = False
    raters: int = Field(default=2, ge=1, le=1000)
    rows: int = Field(default=30, ge=1)
    agreement: float = Field(default=-1.0, ge=-1, le=1)

    def laxer(self, than: WantedRating) -> bool:
        """Whether this asks for less than another, or for something else."""
        other = (self.question, self.kind) != (than.question, than.kind)
        less = any(getattr(self, name) < getattr(than, name) for name in ("better", "raters", "rows", "agreement"))
        return other or less or self.margin > than.margin


__all__ = ["WantedRating"]
