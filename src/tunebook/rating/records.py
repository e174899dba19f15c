"""What a study has found, as records: agreement, wins and ties, strengths, points, and how far the raters are."""

from __future__ import annotations

from pydantic import Field

from tunebook.core.localized import Text
from tunebook.core.nouns import Interval, Record, Split
from tunebook.rating.session import Disagreement


class Agreement(Record):
    """Krippendorff's alpha over the rows that at least two raters saw; NaN where it says nothing.

    Attributes:
        scale: `nominal` for which is better, `ranked` (ordinal) for points. units: items with two ratings or more.
        low: it is too low to draw conclusions.
    """

    alpha: Interval
    scale: str
    units: int
    low: bool = False


class Duel(Record):
    """Two runs side by side, by one question.

    Attributes:
        a, b: ids of the runs.
        rows: that were judged; won_a, won_b, ties: shares of them, each row counted once, whoever judged it.
        net: won_b - won_a with its interval over rows and raters; above 0, b is better.
        differ, of: rows of the split which the two answer differently, of all: only these are shown.
        overall: net over all rows of the split, those answered alike counted as ties.
    """

    a: str
    b: str
    rows: int
    won_a: float
    won_b: float
    ties: float
    net: Interval
    differ: int
    of: int
    overall: Interval


class Strength(Record):
    """Log strength of a run by Bradley and Terry, the mean of all runs being 0."""

    run: str
    strength: Interval


class Points(Record):
    """Mean points of a run."""

    run: str
    rows: int
    mean: Interval


class Gap(Record):
    """Points of b less those of a, on rows where the same rater judged both."""

    a: str
    b: str
    rows: int
    gap: Interval


class Part(Record):
    """The same on some of the rows.

    Attributes:
        name, value: what tells them apart, such as language and zh. gain: as `net` or `gap`, at a level that allows for
            how many parts there are.
    """

    name: str
    value: str
    a: str
    b: str
    rows: int
    gain: Interval


class Judged(Record):
    """What one question has found of pairs or of answers by themselves.

    Attributes:
        left: share of the side on the left among all that were preferred; without bias a half. None of points.
        penalised: strengths were held back, since one run won all, lost all or tied all.
        decided: items on which an arbiter's word counts.
    """

    kind: str
    question: str
    ratings: int
    rows: int
    raters: int
    agreement: Agreement
    duels: list[Duel] = Field(default_factory=list)
    strengths: list[Strength] = Field(default_factory=list)
    penalised: bool = False
    points: list[Points] = Field(default_factory=list)
    gaps: list[Gap] = Field(default_factory=list)
    parts: list[Part] = Field(default_factory=list)
    left: Interval | None = None
    disagreements: list[Disagreement] = Field(default_factory=list)
    decided: int = 0


class Rater(Record):
    """How far a rater is, and how often a word was changed."""

    rater: str
    role: str
    done: int
    of: int
    changed: int


class RatingResult(Record):
    """The result of a study.

    Attributes:
        study: id; content, split: of the rows; runs: ids.
        ratings: that count; head: hash of the last one, by which it can be told later what was judged.
        intact: no rating was edited, removed or put in from outside.
        notes: what is to be minded.
    """

    study: str
    content: str
    split: Split
    runs: list[str]
    ratings: int
    head: str
    intact: bool
    raters: list[Rater]
    judged: list[Judged]
    notes: list[Text] = Field(default_factory=list)

    def of(self, question: str, kind: str) -> Judged | None:
        """What a question has found; None where nobody answered it."""
        return next((one for one in self.judged if (one.question, one.kind) == (question, kind)), None)


__all__ = [
    "Agreement", "Duel", "Gap", "Judged", "Part", "Points", "Rater", "RatingResult", "Strength",
]  # fmt: skip
