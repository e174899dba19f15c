"""How the rows of an optimiser step are shared out among forward passes and processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunebook.engine import ranks


@dataclass(frozen=True)
class Shares:
    """How the rows of a step are shared out.

    Attributes:
        batch_size: rows of a forward pass at most.
        accumulation: forward passes of a step if one process does them all.
        processes, rank: how many share a step, and which of them this one is.
    """

    batch_size: int
    accumulation: int = 1
    processes: int = 1
    rank: int = 0

    @property
    def step_rows(self) -> int:
        """Rows of one optimiser step, all processes together."""
        return self.batch_size * self.accumulation

    @property
    def passes(self) -> int:
        """Forward passes of this process in a full step. (One row a pass that cannot be halved gives passes of two.)"""
        return max(min(-(-self.accumulation // self.processes), self.step_rows // self.processes), 1)


def shares_here(params: Mapping[str, Any]) -> Shares:
    """The share of this process in the steps of these settings."""
    return Shares(params["batch_size"], params["gradient_accumulation_steps"], ranks.processes(), ranks.rank())


__all__ = ["Shares", "shares_here"]
