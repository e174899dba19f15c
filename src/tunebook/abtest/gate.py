"""The gate of a book: what a new table has to bring before it may take the champion's place."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from tunebook.core.nouns import Record

_OLD_NAMES = {"worst_class": "class"}
MOST_LOOKS = 3  # more of them spend so much of alpha that each can hardly decide
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

    @field_validator("guard")
    @classmethod
    def _renamed(cls, guard: dict[str, Any]) -> dict[str, Any]:
        """Guards by the names of today: once the worst class alone was watched."""
        return {_OLD_NAMES.get(name, name): margin for name, margin in guard.items()}


__all__ = ["FEWEST_SEEDS", "MOST_LOOKS", "Gate"]
