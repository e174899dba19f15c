"""The gate of a book: what a new table has to bring before it may take the champion's place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from tunebook.core.errors import PlanError
from tunebook.core.nouns import Record
from tunebook.core.params import allowed_text

RATIOS = ("time", "memory", "latency", "size", "cost")
CLASS = "class"  # a guard of every class
GUARDS = (CLASS, "calibration", *RATIOS)
RETENTION = "retention"  # a guard where the arms continue from a run
_FIRST_SEED = 1
_OLD_NAMES = {"worst_class": "class"}
MOST_LOOKS = 3  # more of them spend so much of alpha that each can hardly decide
_UNNAMED = 1e9  # wider than any margin, and yet no guard that is off
FEWEST_SEEDS = 3  # the interval of two is so wide that it decides nothing


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
    """

    metric: str = "auto"
    delta: float = Field(default=0.02, ge=0, lt=1)
    delta_kind: Literal["absolute", "relative"] = "absolute"
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    seeds: int = Field(default=5, ge=2, le=100)
    looks: list[int] = Field(default_factory=lambda: [3, 5, 10])
    openings: int = Field(default=10, ge=1, le=1000)
    guard: dict[str, float | Literal["off"]] = Field(default_factory=dict)

    @property
    def places(self) -> list[int]:
        """Numbers of seeds at which a test that binds may be looked at: its looks, and the end that it is made with."""
        return sorted({*self.looks, self.seeds})

    def looser(self, than: Gate) -> list[str]:
        """Rows in which this gate asks for less than another one, or for something else."""
        other = [name for name in ("metric", "delta_kind") if getattr(self, name) != getattr(than, name)]
        less = [name for name in ("delta", "seeds") if getattr(self, name) < getattr(than, name)]
        more = [name for name in ("alpha", "openings") if getattr(self, name) > getattr(than, name)]
        return [*other, *less, *more, *_wider(self.guard, than.guard)]

    @field_validator("guard")
    @classmethod
    def _renamed(cls, guard: dict[str, Any]) -> dict[str, Any]:
        """Guards by the names of today: once the worst class alone was watched."""
        return {_OLD_NAMES.get(name, name): margin for name, margin in guard.items()}


def asked_gate(gate: Gate, options: Mapping[str, object]) -> Gate:
    """The book's gate with what was asked for this once.

    Args:
        options: what was asked for, as in `Asked`.

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
    known = (*GUARDS, RETENTION)
    unknown = [name for name in asked.guard if name not in known]
    if unknown:
        raise PlanError("ab.guard", key="guard", value=unknown[0], allowed=" | ".join(known))
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


__all__ = ["CLASS", "FEWEST_SEEDS", "GUARDS", "MOST_LOOKS", "RATIOS", "RETENTION", "Gate", "asked_gate", "asked_seeds"]
