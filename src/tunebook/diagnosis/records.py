"""What is found of a run's errors, as `errors.json` holds it. Every row that is named can be found again by its id."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tunebook.core.localized import Text
from tunebook.core.nouns import Interval, Record, Split
from tunebook.diagnosis.cause import Cause

By = Literal["rows", "far", "places"]
Sort = Literal["column", "file", "label", "length", "language", "words", "reading", "form"]


class Near(Record):
    """A training row, by its id, near to another row; likeness: cosine of what the run's own encoder makes of both."""

    row: str
    text: str
    label: str
    likeness: float


class Wrong(Record):
    """A row that is answered wrongly.

    Attributes:
        row: its id; true, said: in words; mass: how wrong, from 0 to 1; score: how sure the answer is, where known.
        near: training rows, nearest first.
        strange: share of the training rows that lie less far from their neighbours than this row does.
        cut: its end is not read; unknown: tokens that the tokenizer cannot read.
        doubt: another label that is more likely for the row; empty where its own is.
    """

    row: str
    text: str
    pair: str = ""
    true: str
    said: str
    mass: float = 1.0
    score: float | None = None
    near: list[Near] = Field(default_factory=list)
    strange: float | None = None
    cut: bool = False
    unknown: int = 0
    doubt: str = ""


class Confusion(Record):
    """A class that is taken for another.

    Attributes:
        count: how often; of: how often the true class is there; share: count / of.
        expected: how often this would be if so many errors fell on rows and classes at random; p_value: of at least
            `count` of them, corrected for all pairs of classes.
        found: it is more than chance. ids: of the rows.
    """

    true: str
    said: str
    count: int
    of: int
    share: Interval
    expected: float
    p_value: float
    found: bool = False
    ids: list[str] = Field(default_factory=list)


class Part(Record):
    """A condition on rows: what is looked at, and which value of it.

    Attributes:
        name: of the column where it is one of the user's.
        value: of a range its ends, as in `12 – 20`.
    """

    sort: Sort
    name: str = ""
    value: str


class Slice(Record):
    """Rows that meet one condition or two, and are worse than the others.

    Attributes:
        rows: how many; errors: the sum of their error mass.
        share: mean error mass of these rows; rest: of all others. Both as if nothing had been searched.
        p_value: corrected for all slices that were searched.
        ids: of its wrong rows, worst first.
    """

    parts: list[Part]
    rows: int
    errors: float
    share: Interval
    rest: Interval
    p_value: float
    ids: list[str] = Field(default_factory=list)


class Slices(Record):
    """What a search for bad slices found.

    Attributes:
        searched: how many slices were held against the rest.
        found: those with a corrected p-value of at most 0.05, worst first, and none that another one explains.
        near: the best of the others where nothing was found.
    """

    searched: int = 0
    found: list[Slice] = Field(default_factory=list)
    near: list[Slice] = Field(default_factory=list)


class Cluster(Record):
    """Errors that lie near each other.

    Attributes:
        words: that tell them from all other rows; rows: how many errors; share: of all errors.
        pairs: `true → said` of most of them. ids: the nearest to their middle first.
    """

    words: list[str]
    rows: int
    share: Interval
    pairs: list[Text] = Field(default_factory=list)
    ids: list[str] = Field(default_factory=list)


class Suspect(Record):
    """A row whose label may be wrong.

    Attributes:
        row: its id; label: that it has; suggestion: the likelier one; sure: probability of that; own: of its label.
    """

    row: str
    split: Split
    text: str
    pair: str = ""
    label: str
    suggestion: str
    sure: float
    own: float


class Suspects(Record):
    """Labels that may be wrong.

    Attributes:
        how: where probabilities came from: `run` (rows that it was not trained on) or `folds` (a probe on features of
            the frozen base model, each row answered by folds without it).
        rows: how many were looked at; share: of them that are suspected; found: worst first; file: for correcting them.
        wrong: share of wrong labels among such rows as the causes estimate it, which leaves hard rows out; None where
            they do not.
    """

    split: Split
    how: Literal["run", "folds"]
    rows: int
    share: Interval
    found: list[Suspect] = Field(default_factory=list)
    wrong: Interval | None = None


class Halves(Record):
    """Rows with something and rows without it, by how wrong they are.

    Attributes:
        key: `cut`, `unknown`, `strange`.
        rows: with it; share: of all rows.
        errors_with, errors_without: mean error mass; None where there are no such rows.
        difference: of the two, with its interval; p_value: one-sided, of the exact permutation law or a draw of it.
    """

    key: Literal["cut", "unknown", "strange"]
    rows: int
    share: Interval
    errors_with: Interval | None = None
    errors_without: Interval | None = None
    difference: Interval | None = None
    p_value: float = 1.0
    ids: list[str] = Field(default_factory=list)


class Strangeness(Record):
    """How far rows lie from the training rows.

    Attributes:
        neighbours: the distance is the mean of so many cosines to the nearest training rows.
        auc: probability that a wrong row is farther than a right one; None where all are right or all wrong.
        beyond: rows farther than 95 % of the training rows are from their own neighbours.
    """

    neighbours: int
    auc: Interval | None = None
    beyond: Halves


class SpanErrors(Record):
    """Errors of marked places of one sort: a wrong `boundary`, a wrong `class`, `both`, `missed` or `invented`.

    Attributes:
        share: of all errors; ids: of rows.
    """

    sort: Literal["boundary", "class", "both", "missed", "invented"]
    count: int
    share: Interval
    ids: list[str] = Field(default_factory=list)


class Errors(Record):
    """The errors of a run on a split.

    Attributes:
        measure: metric by which rows are wrong: the error mass of a row is 1 less its score.
        by: what it tells of a row: whether it is right, how far off its number is (as a share of the training rows'
            span), or how far its place in the order is from where it should be (as a share of all places).
        headline, score: metric that the run is judged by, and what it is on these rows; None where it has none.
        errors: mean error mass of a row; wrong: rows that are not wholly right.
        weak: nearly all of that mass is there, or the run is not ahead of the best baseline, where one was measured.
        causes: by the errors that they explain; unasked: keys of those that were not looked for, as they need rows with
            one class each.
        missing: parts that could not be made, with the reason.
        cuts: whether the model was calibrated to thresholds or costs, before which all of this is.
    """

    run: str
    split: Split
    content: str
    rows: int
    measure: str
    by: By = "rows"
    headline: str = ""
    score: float | None = None
    errors: Interval
    wrong: int
    weak: bool = False
    causes: list[Cause] = Field(default_factory=list)
    unasked: list[str] = Field(default_factory=list)
    confusions: list[Confusion] = Field(default_factory=list)
    spans: list[SpanErrors] = Field(default_factory=list)
    slices: Slices = Field(default_factory=Slices)
    clusters: list[Cluster] = Field(default_factory=list)
    worst: list[Wrong] = Field(default_factory=list)
    suspects: list[Suspects] = Field(default_factory=list)
    reading: list[Halves] = Field(default_factory=list)
    strange: Strangeness | None = None
    missing: dict[str, str] = Field(default_factory=dict)
    cuts: bool = False
    form: int = 1


__all__ = [
    "By", "Cluster", "Confusion", "Errors", "Halves", "Near", "Part", "Slice", "Slices", "Sort", "SpanErrors",
    "Strangeness", "Suspect", "Suspects", "Wrong",
]  # fmt: skip
