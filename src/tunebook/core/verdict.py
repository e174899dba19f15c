"""The gate of a book, and the records of a test: what was seen at each look, what must not get worse."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from tunebook.core.errors import PlanError, near
from tunebook.core.localized import Text
from tunebook.core.nouns import Record, Split
from tunebook.core.params import allowed_text
from tunebook.core.rated import WantedRating

RATIOS = ("time", "memory", "latency", "size", "cost")
CLASS = "class"  # a guard of every class
GUARDS = (CLASS, "calibration", *RATIOS)
RETENTION = "retention"  # a guard where the arms continue from a run
_FIRST_SEED = 1
_OLD_NAMES = {"worst_class": "class"}
MOST_LOOKS = 3  # more of them spend so much of alpha that each can hardly decide
_UNNAMED = 1e9  # wider than any margin, and yet no guard that is off
FEWEST_SEEDS = 3  # the interval of two is so wide that it decides nothing
Decision = Literal["STRONG", "PROMOTE", "REJECT", "INCONCLUSIVE"]


class Gate(Record):
    """The section `[gate]` of book.toml; a test may be asked for something else once.

    Attributes:
        metric: what is judged; `auto` takes the score that chooses the champion's checkpoints.
        delta: least gain worth having, in points of the metric (0.02 is two points), or as a share of the champion's
            score where `delta_kind` is `relative`.
        alpha: one-sided error of a whole test, all its looks together.
        seeds: runs of each arm; of 2, as older books may say, a test is refused.
        looks: numbers of finished pairs after which the test may end early.
        guard: name -> margin by which that may get worse, or `off` to report it only.
        openings: how often promotions may ask the test rows before they are worn.
        rating: what people have to say of the new table's answers before a promotion; None where nobody is asked.
        challenges: names of frozen challenge sets of the book, on which B must not do worse.
    """

    metric: str = "auto"
    delta: float = Field(default=0.02, ge=0, lt=1)
    delta_kind: Literal["absolute", "relative"] = "absolute"
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    seeds: int = Field(default=5, ge=2, le=100)
    looks: list[int] = Field(default_factory=lambda: [3, 5, 10])
    openings: int = Field(default=10, ge=1, le=1000)
    guard: dict[str, float | Literal["off"]] = Field(default_factory=dict)
    rating: WantedRating | None = None
    challenges: list[str] = Field(default_factory=list)

    @property
    def places(self) -> list[int]:
        """Numbers of seeds at which a test that binds may be looked at: its looks, and the end that it is made with."""
        return sorted({*self.looks, self.seeds})

    def looser(self, than: Gate) -> list[str]:
        """Rows in which this gate asks for less than another one, or for something else."""
        other = [name for name in ("metric", "delta_kind") if getattr(self, name) != getattr(than, name)]
        less = [name for name in ("delta", "seeds") if getattr(self, name) < getattr(than, name)]
        more = [name for name in ("alpha", "openings") if getattr(self, name) > getattr(than, name)]
        rated = than.rating is not None and (self.rating is None or self.rating.laxer(than.rating))
        gone = ["challenges"] if set(than.challenges) - set(self.challenges) else []
        return [*other, *less, *more, *gone, *_wider(self.guard, than.guard), *(["rating"] if rated else [])]

    @field_validator("rating", mode="before")
    @classmethod
    def _by_name(cls, rating: Any) -> Any:
        """A question alone stands for its defaults."""
        return {"question": rating} if isinstance(rating, str) else rating

    @field_validator("guard")
    @classmethod
    def _renamed(cls, guard: dict[str, Any]) -> dict[str, Any]:
        """Guards by the names of today: once the worst class alone was watched."""
        return {_OLD_NAMES.get(name, name): margin for name, margin in guard.items()}


def asked_gate(gate: Gate, options: Mapping[str, object], own: Iterable[str] = ()) -> Gate:
    """The book's gate with what was asked for this once.

    Args:
        options: what was asked for, as in `Asked`.
        own: names of the metrics of the book's owner, which may be guarded too.

    Raises:
        PlanError: `ab.gate` for a value outside its bounds, `ab.guard` for a guardrail that there is not.
    """
    names = ("metric", "delta", "delta_kind", "alpha")
    given = {name: options[name] for name in names if name in options}
    guard: Any = options.get("guard", {})
    try:
        asked = Gate(**{**gate.model_dump(), **given, "guard": {**gate.guard, **guard}})
    except ValidationError as error:
        first = error.errors()[0]
        row = str(first["loc"][0])
        key = ".".join(str(part) for part in first["loc"][:2])
        allowed = allowed_text(Gate.model_fields[row]) or "0.05 | off"
        raise PlanError("ab.gate", key=key, value=first.get("input"), allowed=allowed) from None
    known = (*GUARDS, RETENTION, *own)
    unknown = [name for name in asked.guard if name not in known]
    if unknown:
        wrong = unknown[0]
        raise PlanError("ab.guard", key="guard", value=wrong, allowed=" | ".join(known), near=near(wrong, known))
    return asked


def asked_seeds(gate: Gate, asked: int | Sequence[int] | None) -> list[int]:
    """The seeds of both arms: 1, 2, ... unless they were named. Nobody has looked at their runs before.

    Raises:
        PlanError: `ab.seeds`, too few, one twice, or out of bounds.
    """
    count = gate.seeds if asked is None else asked
    seeds = list(range(_FIRST_SEED, _FIRST_SEED + count)) if isinstance(count, int) else list(count)
    if len(seeds) < FEWEST_SEEDS or len(set(seeds)) < len(seeds) or not all(0 <= seed < 2**32 for seed in seeds):
        key = "[gate] seeds" if asked is None else "seeds"
        raise PlanError("ab.seeds", key=key, value=count, allowed=f">= {FEWEST_SEEDS}")
    return seeds


def _wider(guard: dict[str, Any], than: dict[str, Any]) -> list[str]:
    """Guards that are off now, or whose margin was named and is wider now, or no longer named."""
    now, was = (
        {name: math.inf if margin == "off" else margin for name, margin in one.items()} for one in (guard, than)
    )
    return [f"guard.{name}" for name in {**was, **now} if now.get(name, math.inf) > was.get(name, _UNNAMED)]


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
        kind: `score` (per row), `metric`, `own` (a metric of the owner's, in its unit), `ratio` (B / A of a cost),
            `challenge` (a file of rows) or `retention` (rows of a task that was learned before).
        gain: B - A, signed so that more is better; `lower` its lower end.
        held: the lower end is above -margin, or it is reported only (no margin, or too few rows).
        sees: the fall that would have been told from none with a probability of 80 %, as a share of the cost where the
            kind is `ratio`; inf where none would, or an older version wrote the verdict.
        rows: that it was measured on; 0 for costs.
        clock: time and cost are those of the clock, for of some runs the processor's are not known.
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
    clock: bool = False

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


__all__ = [
    "CLASS",
    "FEWEST_SEEDS",
    "GUARDS",
    "MOST_LOOKS",
    "RATIOS",
    "RETENTION",
    "Decision",
    "Gate",
    "Guardrail",
    "Look",
    "RowEffect",
    "Verdict",
    "asked_gate",
    "asked_seeds",
]
