"""Precision, memory and their fall-backs."""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tunebook.engine import machine as module
from tunebook.engine import machine as release
from tunebook.engine.machine import few_kernels, keep_memory, peak_bytes, pick_precision, product_seconds, reset_peak


@pytest.mark.parametrize("wanted", ["fp32", "bf16", "fp16"])
def test_what_was_asked_for_is_taken(wanted: str) -> None:
    assert pick_precision(wanted) == wanted


@pytest.mark.parametrize(("gpu", "bf16", "expected"), [(True, True, "bf16"), (True, False, "fp32")])
def test_auto_on_a_gpu(gpu: bool, bf16: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: bf16)
    assert pick_precision("auto") == expected


@pytest.mark.parametrize(
    ("amx", "seconds", "expected"), [(False, 0.1, "fp32"), (True, 0.5, "bf16"), (True, 0.9, "fp32")]
)
def test_auto_on_a_cpu_measures(amx: bool, seconds: float, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(module, "product_seconds", lambda dtype: seconds if dtype == torch.bfloat16 else 1.0)
    module._cpu_bf16.cache_clear()
    assert pick_precision("auto") == expected
    module._cpu_bf16.cache_clear()


def test_a_product_takes_time() -> None:
    assert product_seconds(torch.float32, size=32, repeats=2) > 0


def test_peak_memory_grows_with_what_is_held() -> None:
    reset_peak()
    before = peak_bytes()
    held = mmap.mmap(-1, 64 << 20)  # not from malloc, which may have kept what earlier tests have freed
    held.write(b"1" * (64 << 20))
    assert peak_bytes() >= before + (48 << 20)
    held.close()


def test_without_proc_the_process_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise OSError

    monkeypatch.setattr(Path, "write_text", refuse)
    reset_peak()
    stock = Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda path, *a, **k: refuse() if "self/status" in str(path) else stock(path)
    )
    assert peak_bytes() > 1 << 20


def test_without_glibc_memory_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise OSError(name)

    keep_memory.cache_clear()
    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert keep_memory() is False
    keep_memory.cache_clear()
    monkeypatch.undo()
    assert isinstance(keep_memory(), bool)


class Node:
    """Something in a circle, which only the collector frees."""

    def __init__(self) -> None:
        self.me = self
        self.weight = torch.zeros(10)


def test_circles_are_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    gc.disable()
    try:
        for _ in range(5):
            Node()
        release.release_memory()
        assert not [item for item in gc.get_objects() if type(item) is Node]
    finally:
        gc.enable()


def test_another_c_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert release.release_memory() is False


def test_a_gpu_gives_its_blocks_back(monkeypatch: pytest.MonkeyPatch) -> None:
    emptied = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append(1))
    release.release_memory()
    assert emptied


def test_few_products_are_kept_compiled_unless_the_user_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY")
    monkeypatch.setattr(os, "environ", {names[0]: "9"})
    few_kernels()
    assert os.environ == {names[0]: "9", names[1]: "256"}


def test_tensors_lie_in_large_pages_where_the_system_has_them() -> None:
    setting = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if not setting.is_file() or "[never]" in setting.read_text(encoding="utf-8"):
        pytest.skip("this system has no large pages")
    code = (
        "import tunebook.engine, torch; kept = torch.ones(16_000_000);"
        "print(next(line.split()[1] for line in open('/proc/self/smaps_rollup') if 'AnonHuge' in line))"
    )
    around = {key: value for key, value in os.environ.items() if key != "THP_MEM_ALLOC_ENABLE"}
    said = subprocess.run([sys.executable, "-c", code], env=around, capture_output=True, text=True, check=True).stdout
    assert int(said) >= 32_768, "of 64 MB"
