"""What this machine can do, and the settings that make it do so: threads, memory, arithmetic."""

from __future__ import annotations

import ctypes
import gc
import os
import time
from functools import cache
from pathlib import Path

import torch

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEEP = 1 << 30
_KERNELS = 256  # products that are kept compiled


@cache
def keep_memory() -> bool:
    """Tell glibc to keep freed blocks instead of handing them back to the kernel; True where that worked.

    A training step frees and asks for the same tensors again; each round trip to the kernel costs a page fault for
    every 4 KiB, which on small machines takes a good share of the step.
    """
    try:
        libc = ctypes.CDLL("libc.so.6")
        return bool(libc.mallopt(_M_MMAP_THRESHOLD, _KEEP)) and bool(libc.mallopt(_M_TRIM_THRESHOLD, _KEEP))
    except (OSError, AttributeError):  # not glibc
        return False


def few_kernels() -> None:
    """Let oneDNN, and torch before it, keep few of the products that they compile, one for each shape: rows of other
    lengths at each step make new ones, which else fill a gigabyte. Both look when they compile the first one."""
    for name in ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY"):
        os.environ.setdefault(name, str(_KERNELS))


def pick_precision(wanted: str) -> str:
    """`auto` resolved: bf16 where the hardware has it and a matrix product measures faster, else fp32."""
    few_kernels()
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    return "bf16" if _cpu_bf16() else "fp32"


@cache
def _cpu_bf16() -> bool:
    """Whether bf16 products are at least 1.3 times as fast as fp32 ones, on a CPU that has instructions for them."""
    if not (torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()):
        return False
    return product_seconds(torch.float32) > 1.3 * product_seconds(torch.bfloat16)


def product_seconds(dtype: torch.dtype, size: int = 512, repeats: int = 5) -> float:
    """Seconds of one square matrix product, the best of some repeats."""
    left = torch.randn(size, size).to(dtype)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        torch.mm(left, left)
        times.append(time.perf_counter() - start)
    return min(times)


def device_name() -> str:
    """The GPU's name, `cpu` without one."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


def reset_peak() -> None:
    """Begin a new measurement of peak memory."""
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:  # not Linux, or not permitted: the peak is then that of the whole process
        return


def peak_bytes() -> int:
    """Peak memory since `reset_peak`: of the GPU where there is one, else of this process."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    import psutil

    return int(psutil.Process().memory_info().rss)


def release_memory() -> bool:
    """Free what the last training left: cycles of Python, torch's cached GPU blocks, glibc's freed pages.

    Returns:
        Whether freed pages went back to the kernel; False where the C library is not glibc.
    """
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        return False
    return True


__all__ = [
    "device_name",
    "few_kernels",
    "keep_memory",
    "peak_bytes",
    "pick_precision",
    "product_seconds",
    "release_memory",
    "reset_peak",
]
