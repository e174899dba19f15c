"""Rates are read off curves whose answer is known; batches are tried until they no longer fit."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tunebook.core.errors import MachineError, RefusedError, RunError
from tunebook.core.nouns import Plan
from tunebook.tables.make import child
from tunebook.verbs.steps import find as module
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.find import doubled, extrapolated, find_batch, find_rate, read_off
from tunebook.verbs.steps.plan import plan

RATES = np.geomspace(1e-6, 1.0, 121)


def curve(steepest: float, lowest: float) -> np.ndarray:
    """A loss that falls fastest at one rate, as a logistic of its logarithm, and rises from another one on."""
    fall = 1 / (1 + np.exp(4 * (np.log10(RATES) - np.log10(steepest))))
    return 0.5 + fall + np.maximum(np.log10(RATES / lowest), 0) ** 2


@pytest.mark.parametrize(("steepest", "lowest", "rate"), [(1e-4, 1e-2, 1e-4), (2e-3, 1e-2, 1e-3), (1e-3, 1e-1, 1e-3)])
def test_the_smaller_of_two_readings(steepest: float, lowest: float, rate: float) -> None:
    smooth = curve(steepest, lowest)
    found = read_off(RATES.tolist(), smooth.tolist(), smooth.tolist())
    assert found.steepest == pytest.approx(steepest, rel=0.15)
    assert found.tenth == pytest.approx(lowest / 10, rel=0.3)
    assert found.rate == min(found.steepest, found.tenth) == pytest.approx(rate, rel=0.3)


@pytest.mark.parametrize("smooth", [np.linspace(1, 2, 121), 1 - np.linspace(0, 0.01, 121), np.ones(121), np.zeros(0)])
def test_without_a_fall_there_is_no_answer(smooth: np.ndarray) -> None:
    with pytest.raises(RefusedError) as caught:
        read_off(RATES[: len(smooth)].tolist(), smooth.tolist(), smooth.tolist())
    assert caught.value.code == "find.flat" and caught.value.message and caught.value.advice


def test_a_rate_for_a_book(book: Book) -> None:
    """Nothing is left in the book, and the rate found is one that learns."""
    before = sorted(path.name for path in book.path.rglob("*") if "cache" not in path.parts)
    made = plan(child(book.champion, {"batch_size": 16, "ema": "on", "lr_scheduler": "wsd"}), book.data)
    found = find_rate(made, low=1e-4, high=1.0, steps=80)
    assert 5e-4 < found.rate < 0.2
    assert found.rate == min(found.steepest, found.tenth)
    assert len(found.rates) == len(found.losses) == len(found.smooth) <= 80
    assert before == sorted(path.name for path in book.path.rglob("*") if "cache" not in path.parts)


def test_the_rate_of_a_method_is_what_rises(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """The optimiser's own rates are looked at: the head's is the method's, whatever the table's is."""
    seen: list[float] = []
    monkeypatch.setattr(module, "read_off", lambda rates, losses, smooth: rates)
    step = torch.optim.AdamW.step

    def watched(optimizer: Any, *more: Any) -> Any:
        seen.append(float(optimizer.param_groups[0]["lr"]))
        return step(optimizer, *more)

    monkeypatch.setattr(torch.optim.AdamW, "step", watched)
    made = plan(child(book.champion, {"lora.learning_rate": 2e-3, "learning_rate": 1e-5, "batch_size": 8}), book.data)
    rates = find_rate(made, low=1e-4, high=1e-2, steps=10)
    assert rates == pytest.approx(np.geomspace(1e-4, 1e-2, 10)[: len(rates)]) and [
        rate for rate in seen if rate
    ] == pytest.approx(rates)  # 0 where its speed is measured


@pytest.mark.parametrize(
    ("limit", "cap", "most"),
    [(100, 4096, 64), (8, 4096, 8), (100, 40, 32), (3, 4096, 2), (1, 99, 1), (0, 99, 0), (99, 5, 5), (1, 2, 1)],
)
def test_doubling(limit: int, cap: int, most: int) -> None:
    tried: list[int] = []

    def fits(size: int) -> bool:
        tried.append(size)
        return size <= limit

    assert doubled(fits, cap) == most
    assert max(tried) <= cap and len(tried) == len(set(tried))


@pytest.mark.parametrize(
    ("tried", "room", "most"),
    [
        ({4: 140, 16: 260}, 1000, 90),
        ({4: 140, 16: 260}, 139, 3),
        ({4: 140, 16: 260}, 90, 0),
        ({4: 140, 16: 260}, 10**6, 500),
        ({4: 140, 16: 140}, 1000, 500),
        ({4: 140, 16: 139}, 100, 0),
        ({4: 140, 16: None}, 1000, 500),
        ({4: None}, 1000, 0),
    ],
)
def test_the_line_through_two_sizes(tried: dict[int, int | None], room: int, most: int) -> None:
    assert extrapolated(tried, room, 500) == most


def test_a_batch_on_this_cpu(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    made = plan(child(book.champion, {"batch_size": 8, "gradient_accumulation_steps": 4}), book.data)
    found = find_batch(made)
    assert set(found.tried) == {4, 16} and all(peak and peak > 10**7 for peak in found.tried.values())
    assert 16 < found.most <= book.data.rows["train"] and found.free
    assert {change.row: change.value for change in found.changes} == {
        "batch_size": 32, "gradient_accumulation_steps": 1,
    }  # fmt: skip


def fake(monkeypatch: pytest.MonkeyPatch, most: int, error: BaseException | None = None) -> list[int]:
    """A GPU that holds so many rows."""
    from tunebook.engine import ramp

    tried: list[int] = []

    def peak(training: Any, size: int) -> int:
        tried.append(size)
        if error is not None:
            raise error
        if size > most:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        assert training.params.batch_size == size and training.params.gradient_accumulation_steps == 1
        return size * 1000

    monkeypatch.setattr(ramp, "peak_of", peak)
    return tried


@pytest.fixture
def made(book: Book) -> Plan:
    values = {"batch_size": 32, "gradient_accumulation_steps": 3, "precision": "fp32"}
    return plan(child(book.champion, values), book.data)


@pytest.fixture
def gpu(made: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a GPU, as far as can be told without one; the plan was made before."""
    from tunebook.engine import machine
    from tunebook.engine import machine as release

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(release, "release_memory", lambda: True)
    monkeypatch.setattr(machine, "device_name", lambda: "a GPU")
    monkeypatch.setattr(module, "fit_of", lambda plan, run, progress: SimpleNamespace(params=plan.params))


def test_a_batch_on_a_gpu(made: Plan, gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = fake(monkeypatch, most=20)
    monkeypatch.setattr(module, "_rows", lambda plan: 1000)
    found = find_batch(made)
    assert tried == [8, 16, 32]
    assert found.tried == {8: 8000, 16: 16000, 32: None}
    assert (found.most, found.device, found.free) == (16, "a GPU", None)
    assert {change.row: change.value for change in found.changes} == {
        "batch_size": 16, "gradient_accumulation_steps": 6,
    }  # fmt: skip


def test_not_even_one_row(made: Plan, gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, most=0)
    with pytest.raises(MachineError, match=r"machine\.memory_least"):
        find_batch(made)


@pytest.mark.parametrize("error", [RunError("run.data", key="x"), MachineError("machine.disk")])
def test_other_faults_are_not_taken_for_memory(
    error: BaseException, made: Plan, gpu: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(monkeypatch, most=0, error=error)
    with pytest.raises(type(error)):
        find_batch(made)


def test_what_is_found_is_a_record(tmp_path: Path) -> None:
    smooth = curve(1e-3, 1e-1).tolist()
    with pytest.raises(dataclasses.FrozenInstanceError):
        read_off(RATES.tolist(), smooth, smooth).rate = 1.0  # type: ignore[misc]
