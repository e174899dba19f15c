"""How the rate goes over the steps, and whether warm-up, curve and looks fit into the steps of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tunebook.core.errors import PlanError
from tunebook.core.settings import Filled

# Schedule -> the rows that it has, with the values that `none` stands for.
SCHEDULES: Mapping[str, Mapping[str, Any]] = {
    "linear": {"lr_min_ratio": 0.0},
    "cosine": {"lr_min_ratio": 0.0},
    "constant": {},
    "cosine_with_restarts": {"lr_cycles": 2},
    "polynomial": {"lr_power": 2.0, "lr_min_ratio": 0.0},
    "wsd": {"lr_decay_ratio": 0.2, "lr_min_ratio": 0.0},
    "plateau": {"lr_patience": 1, "lr_factor": 0.5},
}


def check_steps(params: Filled, steps: int) -> None:
    """Refuse settings that need more steps than there are, and rows of a schedule that is not the chosen one.

    Raises:
        PlanError: warm-up would last as long as training, no look at the validation rows would happen, or the
            schedule cannot be as its rows say.
    """
    if params.warmup_steps >= steps:
        raise PlanError("plan.warmup", key="warmup_steps", value=params.warmup_steps, allowed=f"0 … {steps - 1}")
    if params.eval_every is not None and params.eval_every > steps:
        raise PlanError("plan.eval_every", key="eval_every", value=params.eval_every, allowed=f"1 … {steps} | none")
    _check_rows(params)
    name, warmup = params.lr_scheduler, params.warmup_steps
    if name == "plateau" and warmup:
        raise PlanError("schedule.warmup", key="warmup_steps", value=warmup, allowed="warmup_ratio=0")
    limit = params.early_stopping_patience
    if name == "plateau" and limit is not None and schedule_rows(params)["lr_patience"] >= limit:
        value = schedule_rows(params)["lr_patience"]
        allowed = f"1 … {limit - 1}" if limit > 1 else "early_stopping_patience=none"
        raise PlanError("schedule.patience", key="lr_patience", value=value, allowed=allowed, limit=limit)
    if name == "wsd" and warmup + decay_steps(params, steps) > steps:
        room = f"> 0 and <= {math.floor((steps - warmup) / steps * 1000) / 1000}"
        value = schedule_rows(params)["lr_decay_ratio"]
        raise PlanError("schedule.decay", key="lr_decay_ratio", value=value, allowed=room, warmup=warmup, steps=steps)


def _check_rows(params: Filled) -> None:
    name = params.lr_scheduler
    for row in sorted({row for rows in SCHEDULES.values() for row in rows} - set(SCHEDULES[name])):
        if (value := getattr(params, row)) is not None:
            users = " | ".join(other for other, rows in SCHEDULES.items() if row in rows)
            raise PlanError("schedule.row", key=row, value=value, allowed="none", schedule=name, users=users)


def schedule_rows(params: Filled) -> dict[str, Any]:
    """The rows of the chosen schedule, filled in."""
    rows = SCHEDULES[params.lr_scheduler]
    given = {row: getattr(params, row) for row in rows}
    return {row: value if given[row] is None else given[row] for row, value in rows.items()}


def decay_steps(params: Filled, steps: int) -> int:
    """Steps in which wsd falls."""
    return math.ceil(steps * float(schedule_rows(params)["lr_decay_ratio"]))


def schedule(params: Filled, steps: int) -> tuple[str, dict[str, Any]]:
    """The chosen schedule as transformers calls it, with its options.

    Args:
        steps: optimiser steps planned.
    """
    name, rows = params.lr_scheduler, schedule_rows(params)
    least = rows.get("lr_min_ratio", 0.0)
    if name in ("polynomial", "linear") and (least or name == "polynomial"):
        return "polynomial", {"power": rows.get("lr_power", 1.0), "lr_end": least * params.learning_rate}
    if name == "cosine" and least:
        return "cosine_with_min_lr", {"min_lr_rate": least}
    if name == "cosine_with_restarts":
        return name, {"num_cycles": rows["lr_cycles"]}
    if name == "wsd":
        # 1 - sqrt: the fall that ended lowest in Hägele et al. 2024 (arXiv:2405.18392).
        decay = {"num_decay_steps": decay_steps(params, steps), "decay_type": "1-sqrt"}
        return "warmup_stable_decay", {**decay, "min_lr_ratio": least}
    if name == "plateau":  # counts as early stopping does: torch cuts after one look more than its patience
        counted = {"mode": "max", "threshold": 0.0, "patience": rows["lr_patience"] - 1}
        return "reduce_lr_on_plateau", {**counted, "factor": rows["lr_factor"], "eps": 0.0}
    return ("constant_with_warmup" if name == "constant" else name), {}


__all__ = ["SCHEDULES", "check_steps", "decay_steps", "schedule", "schedule_rows"]
