"""What is told of an explained answer."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from tunebook.core.nouns import Interval, Record

CUT, UNKNOWN, ALL_UNKNOWN, ROUGH, CALIBRATED = "cut", "unknown", "all_unknown", "rough", "calibrated"


class Part(Record):
    """A text of a row as its user gave it; `name` is text, pair, or passage:NUMBER."""

    name: str
    text: str


class Unit(Record):
    """A unit of a text: a word, a character, a token, a sentence.

    Attributes:
        part: the text that it is of; start, end: where it stands there, code points, the end exclusive.
        value: how much it speaks for what is said; below 0: against it.
    """

    part: str
    start: int
    end: int
    text: str
    value: float


class Maps(Record):
    """What each token attends to: `weights` by layer, head, attending and attended token."""

    tokens: list[str]
    weights: list[list[list[list[float]]]]


class Explanation(Record):
    """Why a model says something of a row.

    Attributes:
        row: id of the row; number: of the text among those that were given, from 0.
        parts: its texts.
        said: what is explained, in the user's words; true: the right answer, where it is known.
        score: of the whole text, at the temperature of a calibrated model; chance: its sigmoid where it is log-odds,
            else None; bare: the score without any of the units.
        delta: how far the values of all units are off from score less that of the method's baseline, of methods for
            which that is known; steps: points of the path.
        notes: `cut`, the text has an end (of `unread` characters) that this line of tokens does not hold; `unknown`,
            some of its tokens are unknown to the model (the share is `strange`), or `all_unknown`; `rough`, the delta
            stayed large; `calibrated`, what is said is so by thresholds or costs, not for the highest chance.
        maps: attention by layer and head, of the first short text that a method explains by it.
    """

    row: str = ""
    number: int = 0
    parts: list[Part]
    said: str
    true: str | None = None
    score: float
    chance: float | None = None
    bare: float = 0.0
    units: list[Unit]
    delta: float | None = None
    steps: int = 0
    notes: list[str] = Field(default_factory=list)
    unread: int = 0
    strange: float = 0.0
    maps: Maps | None = None


class Curve(Record):
    """How faithful a method is on some rows.

    Attributes:
        deletion: mean area below the scores while units are taken away, the strongest first: less is better; insertion:
            the same while they are added to a bare text: more is better.
        deletion_gain, insertion_gain: how much better than random order, row against row.
        deleted, inserted: mean scores at each share of the units.
    """

    method: str
    deletion: Interval
    insertion: Interval
    deletion_gain: Interval
    insertion_gain: Interval
    deleted: list[float]
    inserted: list[float]

    @property
    def beats(self) -> bool:
        """Whether it is better than random order by deletion, beyond chance."""
        return self.deletion_gain.low > 0


class Faithful(Record):
    """Deletion and insertion curves of several methods beside random order, on the same rows.

    Attributes:
        rows: how many; orders: random orders of each row; level: of the intervals of each gain, so that all of them
            together hold with 95 %.
        shares: of the units, at which scores were taken; chance: whether the scores are chances.
        random_deleted, random_inserted: as those of a `Curve`.
    """

    split: str = ""
    rows: int
    by: str
    orders: int
    level: float
    shares: list[float]
    chance: bool
    random_deleted: list[float]
    random_inserted: list[float]
    curves: list[Curve]


class Explanations(Record):
    """What `tunebook explain` found.

    Attributes:
        run: whose answers; method, by: how they were explained; split: that the rows are of, empty for texts.
        items: one or more a row; faithful: of the run on a split, where that was measured.
        page, png: files that were written.
    """

    run: str
    method: str
    by: str
    split: str = ""
    items: list[Explanation] = Field(default_factory=list)
    faithful: Faithful | None = None
    page: Path | None = None
    png: Path | None = None


__all__ = [
    "ALL_UNKNOWN", "CALIBRATED", "CUT", "ROUGH", "UNKNOWN", "Curve", "Explanation", "Explanations", "Faithful", "Maps",
    "Part", "Unit",
]  # fmt: skip
