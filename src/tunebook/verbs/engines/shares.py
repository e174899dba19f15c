"""How many trainings run beside each other on this machine, and how many threads each of them has."""

from __future__ import annotations

from collections.abc import Sequence

from tunebook.core.nouns import Plan

WORTH = 30.0  # seconds of work below which new processes take longer to begin than they save
_SHARE = 0.8  # of the memory that is free: estimates are no more than that


def shares(plans: Sequence[Plan]) -> tuple[int, int]:
    """Trainings at once, 1 where they are better done one after the other, and threads of each.

    Threads follow from the machine and from all that is asked for, those that are done already too: a test that goes on
    trains as it began.
    """
    import torch

    threads = torch.get_num_threads()
    count = min(threads, len(plans))
    seconds = sum(plan.whole.seconds for plan in plans)
    if count < 2 or seconds < WORTH or torch.cuda.is_available():
        return 1, threads
    fit = int(_free() * _SHARE // max(plan.whole.memory_bytes for plan in plans))
    return (min(count, fit), threads // count) if fit > 1 else (1, threads)


def _free() -> int:
    import psutil

    return int(psutil.virtual_memory().available)


__all__ = ["WORTH", "shares"]
