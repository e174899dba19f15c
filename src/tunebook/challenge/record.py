"""What a run can and cannot do on challenge sets, by capability."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from tunebook.core.localized import Text
from tunebook.core.nouns import Interval, Record, Split

FILE = "challenge"  # of the results, with .json and .html
Source = Literal["perturbation", "template", "attack", "file"]


class Example(Record):
    """A row that the change cost: its name, its text before and after, its true label, and what was answered to both.

    Attributes:
        before, said_before: of a text that is no changed one the same as after.
    """

    row: str
    before: str
    after: str
    true: str
    said_before: str
    said_after: str


class Capability(Record):
    """What was measured of one perturbation, one group of templates, or one capability of a file.

    Attributes:
        key: of the perturbation, or the capability's name in a file; group: what it belongs to.
        expects: as a perturbation declares it; of templates and files `kept`.
        rows: that were changed, or belong to it; unchanged: that could not be changed.
        cut: of these rows, those that `max_length` keeps the model from reading to the end; cut_before: as they were.
        score: the headline metric on them; before: on the same rows as they were, of rows that stand `alone` on those
            that were drawn; fall: before - score with the ends of its paired interval. None where there is no such
            thing.
        flipped: share of the rows whose answer is another one.
        met: share of the rows as expected, where no score says it: of turned and directional expectations.
        p_value: that so large a fall is chance; failed: a fall, or a lack, that is proven beyond chance, with all that
            were looked at counted.
        skipped: why it was not measured; empty where it was.
        queries: texts that an attack asked about each row, on average.
    """

    key: str
    group: str
    source: Source
    expects: str = "kept"
    rows: int = 0
    unchanged: int = 0
    cut: int = 0
    cut_before: int = 0
    score: Interval | None = None
    before: float | None = None
    fall: Interval | None = None
    flipped: Interval | None = None
    met: Interval | None = None
    p_value: float | None = None
    failed: bool = False
    examples: list[Example] = Field(default_factory=list)
    skipped: Text = ""
    queries: float = 0.0

    @property
    def alone(self) -> bool:
        """Whether its rows are no changed ones, so that nothing was answered before."""
        return self.source in ("template", "file")

    @property
    def lack(self) -> float:
        """How bad it is, to show the worst first: the fall, or the share that is not as expected."""
        if self.fall is not None:
            return self.fall.value
        if self.met is not None:
            return 1 - self.met.value
        return 0.0 if self.score is None or self.before is None else self.before - self.score.value


class Challenged(Record):
    """A run on challenge sets.

    Attributes:
        split: whose rows were changed; rows: how many of them were drawn.
        metric: of the scores; score: of the run on the drawn rows.
        level: chance that any capability is called failed though none is.
        capabilities: the failed ones first, then by how much is lost; those that were skipped last.
        cuts: whether `predict` gives the run's answers by thresholds or costs: those of a challenge are the model's
            own, as in reports and tests, for a frozen challenge compares runs of which each has another calibration.
        page: where the page lies.
    """

    run: str
    split: Split
    rows: int
    metric: str
    score: Interval | None
    seed: int
    level: float
    capabilities: list[Capability]
    cuts: bool = False
    page: Path | None = None

    @property
    def failures(self) -> list[Capability]:
        """Those that failed."""
        return [item for item in self.capabilities if item.failed]

    def alike(self, other: Challenged) -> bool:
        """Whether another record is of the same rows, and of the same answers to them."""
        return all(
            getattr(self, name) == getattr(other, name) for name in ("run", "split", "rows", "metric", "score", "seed")
        )


def worst_first(found: list[Capability]) -> list[Capability]:
    """The failed ones first, then by how much is lost, those that were skipped last."""
    return sorted(found, key=lambda item: (bool(item.skipped), not item.failed, -item.lack, item.key))


__all__ = ["FILE", "Capability", "Challenged", "Example", "Source", "worst_first"]
