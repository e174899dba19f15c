"""Find: the learning rate and the batch that suit this table, data and machine, tried out on a throw-away copy."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tunebook.core.errors import MachineError, RefusedError
from tunebook.core.nouns import Plan
from tunebook.core.progress import Progress
from tunebook.tables.in_force import peak_rate
from tunebook.tables.rules import RowChange, keep_effective
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import fit_of

if TYPE_CHECKING:
    from tunebook.engine.fit import Fit

LOW, HIGH, STEPS = 1e-6, 1.0, 100
_FALL = 0.02  # share of the loss at the start by which it must fall for a rate to be read off
_FIRST = 8  # rows at once that a GPU is tried with first
_MOST = 4096
_SHARE = 0.8  # of the free memory of a CPU: validation, tokeniser and the rest of the system want some too
_TRIED = (4, 16)  # rows at once that are measured on a CPU
# A constant rate without looks: nothing but the steps themselves.
_PLAIN = {
    "lr_scheduler": "constant", "lr_min_ratio": None, "lr_cycles": None, "lr_power": None, "lr_decay_ratio": None,
    "lr_patience": None, "lr_factor": None, "warmup_steps": 0, "eval_every": None, "early_stopping_patience": None,
}  # fmt: skip


@dataclass(frozen=True)
class RateFound:
    """What a learning-rate range test says.

    Attributes:
        rate: what to set, in the row that counts (`peak_rate`): the smaller of the other two.
        steepest: where the smoothed loss falls fastest; tenth: one tenth of where it is lowest.
        rates, losses, smooth: of each step.
    """

    rate: float
    steepest: float
    tenth: float
    rates: Sequence[float]
    losses: Sequence[float]
    smooth: Sequence[float]


@dataclass(frozen=True)
class BatchFound:
    """How many rows fit into memory at once.

    Attributes:
        most: rows of the longest that fit, as far as it was tried.
        tried: rows at once -> peak in bytes, None where memory ran out.
        changes: rows of the table that use it and keep the rows of a step.
        device: what was tried.
        free: bytes that were free on a CPU; None on a GPU, where memory was filled until it ran out.
    """

    most: int
    tried: Mapping[int, int | None]
    changes: tuple[RowChange, ...]
    device: str
    free: int | None


def find_rate(
    plan: Plan, *, low: float = LOW, high: float = HIGH, steps: int = STEPS, progress: Progress | None = None
) -> RateFound:
    """Let the rate rise over some steps on a throw-away copy, and read off where the loss falls.

    Source: Smith 2017, Cyclical learning rates (arXiv:1506.01186), section 3.3.

    Raises:
        RefusedError: `find.flat`: the loss did not fall.
    """
    from tunebook.engine.ramp import Ramp, run_ramp

    # The ramp sets the table's rate, of which a method's own is a multiple.
    share = peak_rate(plan)[1] / plan.params.learning_rate
    with _throw_away(plan, {"max_steps": steps}, progress) as training:
        ramp = run_ramp(training, Ramp(low / share, high / share, steps))
    return read_off([rate * share for rate in ramp.rates], ramp.losses, ramp.smooth)


def read_off(rates: Sequence[float], losses: Sequence[float], smooth: Sequence[float]) -> RateFound:
    """The rates that a curve of losses suggests.

    Raises:
        RefusedError: `find.flat`.
    """
    lowest = int(np.argmin(smooth)) if len(smooth) else 0
    if lowest < 2 or smooth[lowest] > (1 - _FALL) * smooth[0]:
        reached = f"{rates[-1]:.0e}" if len(rates) else "–"
        raise RefusedError("find.flat", key="learning_rate", value=reached)
    slopes = np.gradient(smooth[: lowest + 1], np.log(rates[: lowest + 1]))
    steepest, tenth = (_round(rate) for rate in (rates[int(np.argmin(slopes))], rates[lowest] / 10))
    return RateFound(min(steepest, tenth), steepest, tenth, tuple(rates), tuple(losses), tuple(smooth))


def _round(rate: float) -> float:
    return float(f"{rate:.1e}")


def find_batch(plan: Plan, *, progress: Progress | None = None) -> BatchFound:
    """Try how many of the longest rows fit into memory at once.

    On a GPU twice as many each time until memory runs out. Elsewhere that would take the machine down with it: two
    sizes are measured, and the line through them tells where the free memory ends.

    Raises:
        MachineError: `machine.memory_least`: not even one row fits.
    """
    import psutil
    import torch

    from tunebook.engine.machine import device_name

    cap = min(int(np.ceil(_rows(plan))), _MOST)
    tried: dict[int, int | None] = {}

    def measure(size: int) -> int | None:
        tried[size] = _peak(plan, size, progress)
        return tried[size]

    free = None
    if torch.cuda.is_available():
        most = doubled(lambda size: measure(size) is not None, cap)
    else:
        free = int(psutil.virtual_memory().available + psutil.Process().memory_info().rss)
        for size in _TRIED:
            measure(min(size, cap))
        most = extrapolated(tried, int(free * _SHARE), cap)
    if not most:
        raise MachineError("machine.memory_least", key="batch_size", value=1)
    return BatchFound(most, tried, keep_effective(plan.params, most), device_name(), free)


def doubled(fits: Callable[[int], bool], cap: int) -> int:
    """The largest size that fits, of 8, 16, 32 ... up to `cap`, or of 4, 2, 1; 0 where none does."""
    size = min(_FIRST, cap)
    if not fits(size):
        return next((half for half in (4, 2, 1) if half < size and fits(half)), 0)
    while 2 * size <= cap and fits(2 * size):
        size *= 2
    return size


def extrapolated(tried: Mapping[int, int | None], room: int, cap: int) -> int:
    """The largest size whose peak, on the line through those measured, is at most `room` bytes."""
    known = sorted((size, peak) for size, peak in tried.items() if peak is not None)
    if not known:
        return 0
    (few, low), (many, high) = known[0], known[-1]
    each = (high - low) / (many - few) if many > few else 0.0
    if each <= 0:  # too small to be seen beside the rest of the process
        return cap if high <= room else 0
    return max(min(int(few + (room - low) / each), cap), 0)


def _peak(plan: Plan, size: int, progress: Progress | None) -> int | None:
    """Peak bytes of two steps with so many rows at once; None where memory ran out."""
    from tunebook.engine.failures import explained
    from tunebook.engine.machine import release_memory
    from tunebook.engine.ramp import peak_of
    from tunebook.verbs.steps.out_of_memory import ran_out

    changes = {"max_steps": 2, "batch_size": size, "gradient_accumulation_steps": 1}
    try:
        with explained(plan.params), _throw_away(plan, changes, progress) as training:
            return peak_of(training, size)
    except MachineError as error:
        if not ran_out(error):
            raise
        return None
    finally:
        release_memory()


def _rows(plan: Plan) -> int:
    from tunebook.data.frozen import prepared_data

    return prepared_data(plan).rows["train"]


@contextmanager
def _throw_away(plan: Plan, changes: Mapping[str, Any], progress: Progress | None) -> Iterator[Fit]:
    """A training of the plan with other settings, in a folder that is gone afterwards."""
    params = plan.params.model_copy(update={**_PLAIN, **changes})
    estimate = plan.estimate.model_copy(update={"steps": changes["max_steps"]})
    short = plan.model_copy(update={"params": params, "estimate": estimate})
    with tempfile.TemporaryDirectory(prefix="tunebook-") as place:
        yield fit_of(short, Run(Path(place)), progress)


__all__ = [
    "HIGH",
    "LOW",
    "STEPS",
    "BatchFound",
    "RateFound",
    "doubled",
    "extrapolated",
    "find_batch",
    "find_rate",
    "read_off",
]
