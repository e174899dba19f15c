"""What this machine's processor can do, and what training costs on it, measured in numpy: a tenth of a second, and no
torch to import.

Measured is what the measuring thread took of the processor, several times, and the median counts: other work on the
machine makes the clock slower, not this. How much slower it makes it is told beside.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np

DEVICES = Path("/dev")
PROCESSOR = Path("/proc/cpuinfo")
_GPU = ("nvidia*", "nvhost*", "kfd", "dxg")  # NVIDIA, its small boards, AMD, Windows' subsystem for Linux
# How much faster than in float32 a processor with such instructions multiplies in bfloat16, with all around it.
BF16: Mapping[str, float] = {"amx_tile": 2.5, "avx512_bf16": 1.7}
PASSES = 7
_TILES, _TILE = 40, 64
_TOKENS = 256  # what lies between products costs each token the same
_TENSOR = 1 << 20
# What torch needs against what is measured here (benchmarks/machine_speed.py measures both).
_BLOCK, _MODULE, _STEP, _PARAMETER = 1.3, 12.0, 2.2, 0.85


def may_have_gpu() -> bool:
    """Whether torch has to be asked for a GPU: it is there already, or something here looks like one."""
    if "torch" in sys.modules or not PROCESSOR.is_file():
        return True
    return any(next(DEVICES.glob(name), None) is not None for name in _GPU)


@cache
def flags() -> frozenset[str]:
    """The processor's instructions, as Linux names them; empty where it does not say."""
    return frozenset(_said("flags").split())


def processor() -> str:
    """The processor's name; that of its kind where Linux does not say more."""
    return _said("model name").strip() or platform.machine()


def _said(key: str) -> str:
    """What Linux says of the first processor under a key; empty where it says nothing."""
    try:
        lines = PROCESSOR.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2] for line in lines if line.startswith(key)), "")


def bf16_gain() -> float:
    """How many times as fast as float32 bfloat16 is here; 1 for a processor without instructions for it."""
    return max((gain for flag, gain in BF16.items() if flag in flags()), default=1.0)


def threads() -> int:
    """Threads that arithmetic takes here."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(min(int(wanted), cores), 1) if wanted.isdigit() else cores


@dataclass(frozen=True)
class Speed:
    """Seconds of this machine.

    Attributes:
        operation: of a floating-point operation in matrix products, with what lies between them.
        module: of a call of a module and its way back, however small the tensors are.
        tensor: of a parameter tensor in an optimiser step, however small it is; clipping included.
        parameter: of each parameter in it.
        waiting: seconds of the clock for each of these seconds, as busy as the machine is now.
    """

    operation: float
    module: float
    tensor: float
    parameter: float
    waiting: float = 1.0


class Clock:
    """Times pieces of work by what this thread takes of the processor, and adds up what the clock says."""

    def __init__(self) -> None:
        self.processor = self.clock = 0.0

    def seconds(self, work: Callable[[], object], passes: int = PASSES) -> float:
        """Median of some passes, after one that warms up."""
        work()
        times = []
        for _ in range(passes):
            processor, clock = time.thread_time(), time.perf_counter()
            work()
            times.append(time.thread_time() - processor)
            self.processor += times[-1]
            self.clock += time.perf_counter() - clock
        return statistics.median(times)

    @property
    def waiting(self) -> float:
        """Seconds of the clock for each second of work; 1 on a machine that does nothing else."""
        return max(self.clock / self.processor, 1.0) if self.processor > 0 else 1.0


@cache
def measure_cpu(width: int, tokens: int, precision: str = "fp32") -> Speed:
    """Speed of this machine's processor at a model's width.

    Args:
        tokens: tokens of a forward pass.
        precision: `fp32`, `bf16` (on a processor that has instructions for it) or `auto`.
    """
    clock = Clock()
    call = clock.seconds(_calls) / _CALLS
    gain = 1.0 if precision == "fp32" else bf16_gain()
    return Speed(
        operation=_BLOCK * (_product(clock) + _beside(clock, width, tokens)) / gain / threads(),
        module=_MODULE * call,
        tensor=_STEP * call,
        parameter=_PARAMETER * clock.seconds(_update(), 5) / _TENSOR / threads(),
        waiting=clock.waiting,
    )


_CALLS = 50
_SMALL = (np.ones((8, 16), np.float32), np.ones((16, 16), np.float32), np.ones(16, np.float32))


def _calls() -> None:
    x, weight, scale = _SMALL
    for _ in range(_CALLS):
        np.tanh(x @ weight + scale) * scale


def _product(clock: Clock) -> float:
    """Seconds of an operation in products of tiles so small that no library shares one out among threads: of threads
    that wait for each other on a busy machine the time tells nothing."""
    left = np.full((_TILES, _TILE, _TILE), 1 / _TILE, np.float32)
    return clock.seconds(partial(np.matmul, left, left, out=np.empty_like(left))) / (2 * _TILES * _TILE**3)


def _beside(clock: Clock, width: int, tokens: int) -> float:
    """What lies between the products, in seconds for each of their operations."""
    count = min(tokens, _TOKENS)
    return clock.seconds(partial(_between, np.ones((count, width), np.float32))) / (2 * width**2 * count)


def _between(x: np.ndarray) -> np.ndarray:
    """Half of what lies between the products of a block: a bend, a sum and a norm for two of them."""
    inner = np.tanh(0.5 * x) + x
    inner -= inner.mean(1, keepdims=True)
    return np.asarray(inner / np.sqrt((inner * inner).mean(1, keepdims=True) + 1e-5) / 2)


def _update() -> Callable[[], object]:
    weight, change, first, second = (np.ones(_TENSOR, np.float32) for _ in range(4))

    def step() -> None:
        np.multiply(first, 0.9, out=first)
        np.add(first, change, out=first)
        np.multiply(second, 0.999, out=second)
        np.add(second, change, out=second)
        np.multiply(first, 0.1, out=change)
        np.add(weight, change, out=weight)

    return step


__all__ = ["BF16", "Clock", "Speed", "bf16_gain", "flags", "may_have_gpu", "measure_cpu", "processor", "threads"]
