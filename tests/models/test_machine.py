"""What can be told of a machine without torch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tunebook.models import cpu_speed as machine
from tunebook.models.cpu_speed import bf16_gain, flags, may_have_gpu, threads


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    flags.cache_clear()
    yield
    flags.cache_clear()


@pytest.mark.parametrize(("name", "expected"), [("nvidia0", True), ("kfd", True), ("dxg", True), ("null", False)])
def test_a_gpu_leaves_a_device(name: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / name).touch()
    monkeypatch.setattr(machine, "DEVICES", tmp_path)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert may_have_gpu() == expected
    monkeypatch.setattr(machine, "PROCESSOR", tmp_path / "none")
    assert may_have_gpu(), "not Linux: only torch knows"


def test_torch_is_asked_where_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "DEVICES", tmp_path)
    monkeypatch.setitem(sys.modules, "torch", machine)
    assert may_have_gpu()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("flags\t: fpu amx_tile avx512_bf16\n", 2.5), ("flags\t: avx512_bf16\n", 1.7), ("flags: fpu\n", 1.0), ("", 1.0)],
)
def test_instructions_for_half_precision(
    text: str, expected: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\n{text}")
    monkeypatch.setattr(machine, "PROCESSOR", tmp_path / "cpuinfo")
    assert bf16_gain() == expected


def test_a_machine_that_tells_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "PROCESSOR", tmp_path / "none")
    assert flags() == frozenset()


def test_the_flags_say_what_torch_says() -> None:
    import torch

    assert (bf16_gain() > 1) == (torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


@pytest.mark.parametrize(("wanted", "expected"), [("1", 1), ("0", 1), ("2", 2), ("9", 4), ("many", 4), ("", 4)])
def test_threads(wanted: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", wanted)
    monkeypatch.delattr(machine.os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(machine.os, "cpu_count", lambda: 4)
    assert threads() == expected
