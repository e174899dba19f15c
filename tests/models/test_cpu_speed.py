"""Speeds of the processor: plausible, near those of torch, and unmoved by other work on the machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tunebook.models import cpu_speed as module
from tunebook.models.cpu_speed import Clock, measure_cpu


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    measure_cpu.cache_clear()
    yield
    measure_cpu.cache_clear()


def test_every_speed_is_one_of_a_machine() -> None:
    found = measure_cpu(64, 200)
    assert 1e-13 < found.operation < 1e-8
    assert 1e-6 < found.module < 1e-2
    assert 1e-7 < found.tensor < 1e-2
    assert 1e-12 < found.parameter < 1e-7
    assert found.waiting >= 1
    assert measure_cpu(64, 200) is found, "measured once a process"


def test_half_precision_gains_what_the_processor_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_product", lambda clock: 1.0)
    monkeypatch.setattr(module, "bf16_gain", lambda: 2.0)
    assert measure_cpu(8, 8, "fp32").operation == pytest.approx(2 * measure_cpu(8, 8, "auto").operation, rel=1e-3)


def test_the_median_of_the_work_counts_and_the_clock_is_told_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    work, wall = iter([0, 1, 1, 3, 3, 12]), iter([0, 2, 2, 8, 8, 22])
    monkeypatch.setattr(module.time, "thread_time", lambda: next(work))
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(wall))
    clock = Clock()
    assert clock.seconds(lambda: None, 3) == 2
    assert clock.waiting == pytest.approx(22 / 12)
    assert Clock().waiting == 1


def test_threads_share_the_work_and_none_waits_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "seconds", lambda clock, work, passes=7: 1.0)
    monkeypatch.setattr(module, "threads", lambda: 1)
    alone = measure_cpu(8, 8)
    measure_cpu.cache_clear()
    monkeypatch.setattr(module, "threads", lambda: 4)
    shared = measure_cpu(8, 8)
    assert alone.operation == pytest.approx(4 * shared.operation) and alone.module == shared.module
    assert module._TILE**3 <= 64**3, "more, and OpenBLAS shares a product out"


def test_measuring_imports_no_torch() -> None:
    measuring = "from tunebook.models.cpu_speed import measure_cpu; measure_cpu(32, 32)"
    code = f"import sys; {measuring}; assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
