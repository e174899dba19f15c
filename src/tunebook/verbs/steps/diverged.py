"""A run that diverged: what there is of it is kept, and why it ended, for trained again it would diverge again."""

from __future__ import annotations

from pathlib import Path

from tunebook.core.errors import RunError
from tunebook.core.nouns import Plan
from tunebook.verbs.steps.runs import find_run
from tunebook.verbs.steps.train import fit_of

DIVERGED = "run.diverged"


def keep_diverged(folder: Path, plan: Plan, error: RunError, seconds: float) -> None:
    """Keep the best checkpoint of a run that diverged as its model, and write down that it did and what it took.

    Raises:
        RunError: the error itself, where no such run was begun.
    """
    from tunebook.engine.checkpoints import rescue
    from tunebook.engine.machine import device_name, peak_bytes

    run = find_run(folder, plan)
    if run is None:
        raise error
    peak = peak_bytes()
    rescue(fit_of(plan, run))
    cost = {"seconds": seconds, "peak_memory_bytes": peak, "device": device_name()}
    run.fail({"code": error.code, "message": error.message, **cost})


def is_over(folder: Path, plan: Plan) -> bool:
    """Whether a plan needs no training any more: its run finished, or diverged."""
    run = find_run(folder, plan)
    return run is not None and (run.finished or run.failure.get("code") == DIVERGED)


__all__ = ["DIVERGED", "is_over", "keep_diverged"]
