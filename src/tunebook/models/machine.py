"""What this machine's processor can do, and whether there may be a GPU, without importing torch to ask."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

DEVICES = Path("/dev")
PROCESSOR = Path("/proc/cpuinfo")
_GPU = ("nvidia*", "nvhost*", "kfd", "dxg")  # NVIDIA, its small boards, AMD, Windows' subsystem for Linux
# How much faster than in float32 a processor with such instructions multiplies in bfloat16, with all around it.
BF16: Mapping[str, float] = {"amx_tile": 2.5, "avx512_bf16": 1.7}


def may_have_gpu() -> bool:
    """Whether torch has to be asked for a GPU: it is there already, or something here looks like one."""
    if "torch" in sys.modules or not PROCESSOR.is_file():
        return True
    return any(next(DEVICES.glob(name), None) is not None for name in _GPU)


@cache
def flags() -> frozenset[str]:
    """The processor's instructions, as Linux names them; empty where it does not say."""
    try:
        lines = PROCESSOR.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line.partition(":")[2] for line in lines if line.startswith("flags")), "").split())


def bf16_gain() -> float:
    """How many times as fast as float32 bfloat16 is here; 1 for a processor without instructions for it."""
    return max((gain for flag, gain in BF16.items() if flag in flags()), default=1.0)


def threads() -> int:
    """Threads that arithmetic takes here."""
    wanted = os.environ.get("OMP_NUM_THREADS", "")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(min(int(wanted), cores), 1) if wanted.isdigit() else cores


__all__ = ["BF16", "bf16_gain", "flags", "may_have_gpu", "threads"]
