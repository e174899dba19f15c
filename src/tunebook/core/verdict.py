"""The records of an A/B test: what was seen at each look, what must not get worse, and what is proven."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from tunebook.core.nouns import Record, Split
from tunebook.core.said import Text

Decision = Literal["STRONG", "PROMOTE", "REJECT", "INCONCLUSIVE"]


class Look(Record):
    """What a test saw when so many seeds of both arms had ended.

    Attributes:
        alpha: one-sided error that this look spends.
        se, df: standard error of the gain, and its degrees of freedom; `seed_sd` standard deviation of one seed's gain.
            0 in older tests.
        chance: that the planned end promotes, if what is still to come goes well; None at that end.
    """

    seeds: int
    alpha: float
    gain: float
    lower: float
    upper: float
    verdict: Decision
    se: float = 0.0
    df: float = 0.0
    seed_sd: float = 0.0
    chance: float | None = None


class Guardrail(Record):
    """Something that must not get worse by more than its margin, whatever the gain.

    Attributes:
        kind: `score` (per row), `metric`, `ratio` (B / A of a cost), `challenge` (a file of rows) or `retention` (rows
            of a task that was learned before).
        gain: B - A, signed so that more is better; `lower` its lower end.
        held: the lower end is above -margin, or it is reported only (no margin, or too few rows).
        sees: the fall that would have been told from none with a probability of 80 %, as a share of the cost where the
            kind is `ratio`; inf where none would, or an older version wrote the verdict.
        rows: that it was measured on; 0 for costs.
    """

    name: str
    kind: str
    margin: float
    gain: float
    lower: float
    upper: float
    held: bool
    sees: float = math.inf
    rows: int = 0

    @property
    def reported(self) -> bool:
        """Whether it is told only: nobody asked for a margin, or the rows are too few for one."""
        return not math.isfinite(self.margin)


class RowEffect(Record):
    """What one changed row is worth, in units of the metric.

    Attributes:
        method: `one_back`, `one_in` or `shapley`.
        se, df: as in `Look`; None in older tests.
    """

    row: str
    effect: float
    lower: float
    upper: float
    method: str = ""
    se: float | None = None
    df: float | None = None


class Verdict(Record):
    """Whether table B is proven better than table A on the same rows with the same seeds.

    Attributes:
        test: id of the test, the hash of its frozen plan; `path` its folder in the book.
        a, b: versions; `a_values`, `b_values` the hashes of their values.
        content: hash of the rows; `split` those that were scored, `n` their number.
        groups: how many groups they belong to, which then take their place; 0 where each row stands for itself.
        gain: B - A of the metric with the ends of its interval; `delta` the least gain worth having, in points of the
            metric (`absolute`) or as a share of A's score (`relative`).
        alpha: one-sided error of the whole test; `history` what each look spent of it.
        cost: `seconds`, `device_hours`, and `money` where prices are known.
        flips: rows that B gets right and A wrong (`won`), and the reverse (`lost`), counted over all seeds.
        settle: what would decide an inconclusive test.
        extra: figures and curves for the report.
        continues: id of the run from which all runs of the test continue; empty where they start from base models.
    """

    test: str
    verdict: Decision
    reason: Text = ""
    a: int
    b: int
    a_values: str
    b_values: str
    content: str
    split: Split
    metric: str
    gain: float
    lower: float
    upper: float
    delta: float
    delta_kind: Literal["absolute", "relative"]
    alpha: float
    seeds: int
    n: int
    groups: int = 0
    looks: int
    history: list[Look] = Field(default_factory=list)
    cost: dict[str, float] = Field(default_factory=dict)
    flips: dict[str, int] = Field(default_factory=dict)
    guardrails: list[Guardrail] = Field(default_factory=list)
    effects: list[RowEffect] = Field(default_factory=list)
    settle: dict[str, Any] = Field(default_factory=dict)
    extra: dict[str, Any] = Field(default_factory=dict)
    continues: str = ""
    path: Path

    @property
    def hopeless(self) -> bool:
        """Ended before its planned end, since that would hardly have promoted anything."""
        last = self.history[-1:]
        return self.verdict == "INCONCLUSIVE" and bool(last) and last[0].chance is not None

    @property
    def passed(self) -> bool:
        """Proven, and nothing that had to hold got worse."""
        return self.verdict in ("STRONG", "PROMOTE") and all(guardrail.held for guardrail in self.guardrails)


__all__ = ["Decision", "Guardrail", "Look", "RowEffect", "Verdict"]
