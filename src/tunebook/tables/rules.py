"""Rows that must fit each other: what follows for one row from the others.

Pure functions of a table's settings. Each rule gives changes of a row with the reason, or nothing where all fits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeVar

from tunebook.core.localized import localized
from tunebook.core.params import Value
from tunebook.core.settings import Filled
from tunebook.core.training import Training

T = TypeVar("T", bound=Training)
Scaling = Literal["none", "linear", "sqrt"]
_SHORTEST = 8
_LOOKS = 5
_WARMUP = 0.1
_PARTS = ".mini_batch"  # ends the row of a task that parts a step without changing its gradients


@dataclass(frozen=True)
class RowChange:
    """A new value of a row and why."""

    row: str
    value: Value
    reason: str


def effective_batch(settings: Training) -> int:
    """Rows of one optimiser step on one device."""
    return settings.batch_size * settings.gradient_accumulation_steps


def planned_steps(settings: Training, rows: int) -> int:
    """Optimiser steps of a training on so many rows: max_steps, or max_epochs times the steps of an epoch.

    They are the same however many processes share the rows.
    """
    return settings.max_steps or math.ceil(rows / effective_batch(settings)) * settings.max_epochs


def applied(settings: T, changes: Iterable[RowChange]) -> T:
    """The settings after the changes."""
    return settings.model_copy(update={change.row: change.value for change in changes})


def keep_effective(settings: Training, batch_size: int) -> tuple[RowChange, ...]:
    """At most so many rows at once, and so many passes that a step still sees the same number of rows.

    The batch is the largest divisor of the effective batch that does not exceed `batch_size`, since only a divisor
    keeps it exactly: 16 at once, two passes, in place of 32; 5 and three in place of 15.
    """
    whole = effective_batch(settings)
    batch = max(size for size in range(1, min(batch_size, whole) + 1) if whole % size == 0)
    reason = localized("rules.keep_effective", batch=batch, passes=whole // batch, effective=whole)
    pairs = (("batch_size", batch), ("gradient_accumulation_steps", whole // batch))
    return tuple(RowChange(row, value, reason) for row, value in pairs if getattr(settings, row) != value)


def parts_row(settings: Training) -> str:
    """Name of the row of a task that parts a step; empty where it has none."""
    return next((name for name in settings.model_extra or {} if name.endswith(_PARTS)), "")


def lighter(settings: Filled) -> tuple[RowChange, ...]:
    """The next step towards less memory, which changes as little as possible of what is learnt.

    Half the batch with twice the passes, down to one row at once, or for a task that can read the same step in parts,
    half a part; then activations computed twice; then, as the last means and the only one that loses text, half the
    length.

    Returns:
        No change where nothing is left to save.
    """
    more, parts = settings.model_extra or {}, parts_row(settings)
    texts = int(more[parts] or settings.batch_size) if parts else 1
    if texts > 1:
        return (RowChange(parts, texts // 2, localized("rules.in_parts", texts=texts // 2)),)
    if not parts and settings.batch_size > 1:
        return keep_effective(settings, settings.batch_size // 2)
    if not settings.gradient_checkpointing:
        return (RowChange("gradient_checkpointing", True, localized("rules.checkpointing")),)
    length = settings.max_length
    shorter = max(length // 16 * 8, _SHORTEST)
    return (RowChange("max_length", shorter, localized("rules.shorter", before=length)),) if shorter < length else ()


def scaled_rate(rate: float, before: int, after: int, how: Scaling) -> RowChange | None:
    """The learning rate that goes with another effective batch.

    Linear: the rate grows as the batch (Goyal et al. 2017, arXiv:1706.02677, section 2.1, for SGD). Square root: as its
    root (Malladi et al. 2022, arXiv:2205.10287, for Adam and RMSprop).

    Args:
        before, after: rows of one step.
    """
    if how == "none" or before == after:
        return None
    ratio = after / before
    found = float(f"{min(rate * (ratio if how == 'linear' else math.sqrt(ratio)), 1.0):.3g}")
    code = "rules.rate_linear" if how == "linear" else "rules.rate_sqrt"
    return RowChange("learning_rate", found, localized(code, before=before, after=after))


def warmup(settings: Training, rows: int) -> RowChange | None:
    """Warm-up that takes more than half of the training, or all of it, is cut to a tenth."""
    steps = planned_steps(settings, rows)
    if settings.warmup_steps is not None:
        if 2 * settings.warmup_steps <= steps:
            return None
        return RowChange(
            "warmup_steps", int(steps * _WARMUP), localized("rules.warmup", row="warmup_steps", steps=steps)
        )
    if settings.warmup_ratio <= 0.5:
        return None
    return RowChange("warmup_ratio", _WARMUP, localized("rules.warmup", row="warmup_ratio", steps=steps))


def eval_every(settings: Training, rows: int) -> RowChange | None:
    """Steps between looks that leave fewer than two looks in the whole training become a fifth of it."""
    steps, every = planned_steps(settings, rows), settings.eval_every
    if every is None or steps // every >= 2:
        return None
    return RowChange("eval_every", max(steps // _LOOKS, 1), localized("rules.eval_every", every=every, steps=steps))


def looks(settings: Training, rows: int) -> int:
    """How often a training looks at the validation rows."""
    every = settings.eval_every or math.ceil(rows / effective_batch(settings))
    return planned_steps(settings, rows) // max(every, 1)


def patience(settings: Training, rows: int) -> RowChange | None:
    """Patience for as many looks as there are, or more, can never stop a training."""
    limit, found = settings.early_stopping_patience, looks(settings, rows)
    if limit is None or found < 2 or limit < found:
        return None
    return RowChange("early_stopping_patience", found - 1, localized("rules.patience", patience=limit, looks=found))


RULES: tuple[Callable[[Training, int], RowChange | None], ...] = (warmup, eval_every, patience)


def misfits(settings: Training, rows: int) -> tuple[RowChange, ...]:
    """What must change so that the rows of a table fit each other, for a training on so many rows."""
    found: list[RowChange] = []
    for rule in RULES:
        change = rule(applied(settings, found), rows)
        found += [change] if change is not None else []
    return tuple(found)


__all__ = [
    "RULES",
    "RowChange",
    "Scaling",
    "applied",
    "effective_batch",
    "eval_every",
    "keep_effective",
    "lighter",
    "looks",
    "misfits",
    "parts_row",
    "patience",
    "planned_steps",
    "scaled_rate",
    "warmup",
]
