"""The plan of a test, frozen before anything is trained: what is compared, by which rule, until when, at what price."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal, TypedDict

from pydantic import Field

from tunebook.core.call_check import Allow
from tunebook.core.errors import PlanError, TunebookError
from tunebook.core.metric import CALIBRATION
from tunebook.core.nouns import DataRef, Plan, Record, Split
from tunebook.core.registry import task_of
from tunebook.core.verdict import CLASS, GUARDS, RETENTION, Gate, asked_gate, asked_seeds
from tunebook.stats.degrees_of_freedom import Sizes
from tunebook.stats.gate import check_groups
from tunebook.verbs.abtest.arms import Arm
from tunebook.verbs.abtest.challenges import Challenge, all_challenges
from tunebook.verbs.abtest.classes import class_sizes, watched
from tunebook.verbs.abtest.scored import Exam
from tunebook.verbs.abtest.spending import PlannedLook, Taken, dearest, planned_looks, spent_elsewhere

Guards = Mapping[str, "float | Literal['off']"]
_MARGINS = {CLASS: 0.05, "calibration": 0.02, RETENTION: 0.05}
# A margin that was not asked for must be within reach of the rows: with fewer of them even equal tables would fail it.
_ROWS_TO_CALIBRATE, _ROWS_KEPT = 500, 500
_WIDEST = 2  # times its margin: a class whose rows cannot hold that is reported only
_FUTILITY = 0.05  # a smaller chance to promote at the planned end is not worth further runs


class Prices(Record):
    """Prices of machine time.

    Attributes:
        currency: what the numbers count.
        cpu_hour: price of an hour of training without a GPU.
        gpu_hour: price of an hour of any GPU, or device name -> price; a part of the name is enough (`H200`).
    """

    currency: str = ""
    cpu_hour: float | None = None
    gpu_hour: float | dict[str, float] | None = None

    def of(self, device: str, hours: float) -> float | None:
        """Price of some hours of a device; None where the file names no price for it."""
        rate = self.cpu_hour if device == "cpu" else self._gpu(device)
        return None if rate is None else rate * hours

    def _gpu(self, device: str) -> float | None:
        if not isinstance(self.gpu_hour, dict):
            return self.gpu_hour
        known = [name for name in self.gpu_hour if name.lower() in device.lower()]
        return self.gpu_hour[max(known, key=len)] if known else None


def read_prices(path: Path) -> Prices:
    """Prices from a TOML file: `currency`, `cpu_hour`, `gpu_hour` (a number, or a table by device name).

    Raises:
        TunebookError: `ab.prices`: it cannot be read, or holds something else.
    """
    try:
        return Prices(**tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:  # ValidationError is a ValueError
        reason = str(error).splitlines()[0]
        raise TunebookError(
            "ab.prices", key=str(path), reason=reason, allowed="currency, cpu_hour, gpu_hour"
        ) from error


class Asked(TypedDict, total=False):
    """What may be asked of a test; what is left out is in the book's gate.

    Keys:
        metric, delta, delta_kind, alpha, guard: as in `Gate`.
        seeds: number of runs of each arm, or the seeds themselves.
        looks: numbers of finished pairs after which the test may end; empty for the end only.
        challenges: files of rows on which B must not do worse; a file with `=0.05` behind its name has its own margin.
        prices: what machine time costs.
        aa: the same table may be tested against itself.
        binding: a rule laxer than the gate's is refused before anything is trained.
        continue_from: a run from which both arms continue, as in `plan`.
        allow: as in `plan`.
        owner: who asks, for the log; else the user of this process.
    """

    metric: str
    delta: float
    delta_kind: Literal["absolute", "relative"]
    alpha: float
    guard: Guards
    seeds: int | Sequence[int]
    looks: Sequence[int]
    challenges: Sequence[str | Path]
    prices: Prices
    aa: bool
    binding: bool
    continue_from: str | None
    allow: Allow
    owner: str


class Guard(Record):
    """Something to be watched.

    Attributes:
        margin: by how much it may get worse; None only reports it.
        least: rows that a class, or an earlier task, must have for the margin to count.
        classes: that are watched; what so many can hold widens the margin of each. 0 where the margin was asked for.
    """

    name: str
    margin: float | None
    least: int = 0
    classes: int = 0


class ABPlan(Record):
    """All that decides the outcome of a test. Its id names the folder of the test.

    Attributes:
        a, b: versions; `a_values`, `b_values` the hashes of their values, `a_plan`, `b_plan` of their first runs.
        shift: added to the seeds of B's arm; 0 unless both arms are the same table.
        looks: what each spends leaves enough of alpha for the book's later looks too, in a test of more seeds.
        past: what earlier tests of the same tables have spent at the same runs, one a number of seeds.
        elsewhere: error that earlier tests of the same tables have spent at other runs, or in another metric.
        stop: what ends the test before its last look: `decided`, a look that is not INCONCLUSIVE (older plans); `held`,
            one that rejects, or that proves a gain while no guardrail is left open; and in both one that leaves less
            chance than `futility`.
        rows: hash of the scored rows, `n` their number; `content` the hash of all the book's rows.
        groups: how many groups the scored rows belong to; 0 where each stands for itself.
        continues: folder of the run from which both arms continue; what decides is its hash, which is in both plans.
        business: name of each metric of the book's owner that the test judges or guards, with the hash of what it is.
    """

    outside: ClassVar[frozenset[str]] = frozenset({"prices", "continues"})
    later: ClassVar[frozenset[str]] = frozenset({"groups", "past", "elsewhere", "futility", "business"})

    a: int
    b: int
    a_values: str
    b_values: str
    a_plan: str
    b_plan: str
    metric: str
    delta: float
    delta_kind: Literal["absolute", "relative"]
    alpha: float
    seeds: list[int]
    shift: int
    looks: list[PlannedLook]
    past: list[PlannedLook] = Field(default_factory=list)
    elsewhere: float = 0.0
    stop: Literal["decided", "held"] = "decided"
    futility: float = 0.0
    split: Split
    rows: str
    n: int
    groups: int = 0
    content: str
    guards: list[Guard]
    challenges: list[Challenge]
    prices: Prices = Prices()
    continues: Path | None = None
    business: dict[str, str] = Field(default_factory=dict)


def make_ab_plan(
    data: DataRef, arms: tuple[Arm, Arm], exam: Exam, gate: Gate, options: Asked, past: Sequence[Taken] = ()
) -> ABPlan:
    """Fill in a test plan and refuse what cannot be tested.

    Args:
        past: looks that earlier tests of the same tables have taken.

    Raises:
        PlanError: `ab.same`, `ab.seeds`, `ab.looks`, `ab.spent`, `ab.guard`, `plan.metric`, `ab.challenge_set`,
            `ab.challenge_changed`. BookError: as `OwnMetric.check`, of a metric of the owner's that the test is about.
        DataError: a file of challenges that cannot be read; `stats.few_groups`.
    """
    a, b = arms
    if exam.groups is not None:
        check_groups(Sizes.of(exam.groups), str(data.roles.group))
    asked = asked_gate(gate, options, exam.own)
    metric = metric_of(asked, a.base)
    allowed = (*task_of(data.task)().judges(data.labels), *exam.own)
    if metric not in allowed:
        raise PlanError("plan.metric", key="metric", value=metric, allowed=" | ".join(("auto", *allowed)))
    seeds = asked_seeds(asked, options.get("seeds"))
    return ABPlan(
        a=a.table.version,
        b=b.table.version,
        a_values=a.table.values_id,
        b_values=b.table.values_id,
        a_plan=a.plan(seeds[0]).id,
        b_plan=b.plan(seeds[0]).id,
        metric=metric,
        delta=asked.delta,
        delta_kind=asked.delta_kind,
        alpha=asked.alpha,
        seeds=seeds,
        shift=b.shift,
        looks=planned_looks(len(seeds), options.get("looks"), asked, past),
        past=dearest(look for look in past if not look.draw),
        elsewhere=spent_elsewhere(past),
        stop="held",
        futility=_FUTILITY,
        split="validation",
        rows=exam.key,
        n=len(exam.rows),
        groups=exam.count,
        content=data.content,
        guards=_guards(asked.guard, a.base, exam, len(seeds)),
        business=_own(exam, {metric, *asked.guard}),
        challenges=all_challenges(data.path.parent, gate, options.get("challenges", ())),
        prices=options.get("prices", Prices()),
        continues=a.base.continues,
    )


def metric_of(gate: Gate, plan: Plan) -> str:
    """What a gate judges of the runs of a plan: `auto` is the score that chooses their checkpoints."""
    return gate.metric if gate.metric != "auto" else plan.params.metric


def _guards(asked: Guards, plan: Plan, exam: Exam, seeds: int) -> list[Guard]:
    """Every guard that applies to these labels, with the margin asked for, or else its own where the rows suffice."""
    task = task_of(plan.task)()
    sizes = class_sizes(exam, task, plan.labels)
    calibrated = any(metric.key == CALIBRATION for metric in task.metrics(plan.labels))
    idle = {CLASS: not sizes, "calibration": not calibrated}
    names = [name for name in GUARDS if not idle.get(name)]
    if plan.continues is not None:
        names = [*names, RETENTION]
    names += [name for name in exam.own if name in asked]
    return [_guard(name, asked.get(name), (len(exam.rows), sizes), seeds) for name in names]


def _own(exam: Exam, names: set[str]) -> dict[str, str]:
    """Hashes of the owner's metrics of these names, each of which can be worked out."""
    found = {name: own for name, own in exam.own.items() if name in names}
    for own in found.values():
        own.check()
    return {name: own.id for name, own in found.items()}


def _guard(name: str, asked: float | Literal["off"] | None, rows: tuple[int, list[int]], seeds: int) -> Guard:
    """A guard, for so many rows in all and of each class."""
    if asked == "off":
        return Guard(name=name, margin=None)
    margin = _MARGINS.get(name) if asked is None else float(asked)
    if name == CLASS and margin is not None:
        classes, least = watched(rows[1], seeds, _WIDEST * margin)
        return Guard(name=name, margin=margin, least=least, classes=classes if asked is None else 0)
    if asked is None and name == "calibration" and rows[0] < _ROWS_TO_CALIBRATE:
        margin = None
    return Guard(name=name, margin=margin, least=_ROWS_KEPT if asked is None and name == RETENTION else 0)


__all__ = [
    "ABPlan",
    "Asked",
    "Guard",
    "Guards",
    "PlannedLook",
    "Prices",
    "make_ab_plan",
    "metric_of",
    "read_prices",
]
