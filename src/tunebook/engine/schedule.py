"""Whether the warm-up and the looks of a run fit into its steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunebook.core.errors import PlanError


def check_steps(params: Mapping[str, Any], steps: int) -> None:
    """Refuse settings that need more steps than there are.

    Raises:
        PlanError: warm-up would last as long as training, or no look at the validation rows would happen.
    """
    if params["warmup_steps"] >= steps:
        raise PlanError("plan.warmup", key="warmup_steps", value=params["warmup_steps"], allowed=f"0 … {steps - 1}")
    if params["eval_every"] is not None and params["eval_every"] > steps:
        raise PlanError("plan.eval_every", key="eval_every", value=params["eval_every"], allowed=f"1 … {steps} | none")


__all__ = ["check_steps"]
