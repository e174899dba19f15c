"""Guardrails on answers and costs made by hand: what holds, what breaks, what cannot be told."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.ab_book import exam, gains, marks
from tunebook.abtest.exam import Exam
from tunebook.abtest.guardrails import check_challenge, check_guards, class_rows
from tunebook.abtest.marks import Marks
from tunebook.abtest.prices import Prices
from tunebook.abtest.test_plan import Challenge, Guard
from tunebook.core.nouns import Labels
from tunebook.stats.gate import two_way
from tunebook.tasks.text_classification import TextClassification


def plan(*guards: Guard, prices: Prices | None = None) -> Any:
    return SimpleNamespace(guards=list(guards), prices=prices or Prices())


def pair(a: float, b: float, latency: Any = ([], [])) -> Any:
    sides = tuple(
        SimpleNamespace(seconds=value, peak_memory_bytes=value * 100, size=value * 7, device="cpu") for value in (a, b)
    )
    return SimpleNamespace(sides=sides, seen=SimpleNamespace(latency=latency))


def checked(guard: Guard, sides: Any = None, pairs: Any = (), prices: Prices | None = None) -> Any:
    (found,) = check_guards(plan(guard, prices=prices), pairs, sides, 0.05)
    return found


def test_a_cost_is_a_ratio() -> None:
    pairs = [pair(10, 12), pair(10, 13), pair(10, 12.5)]
    logs = np.log([1.2, 1.3, 1.25])
    for name in ("time", "memory", "size", "cost"):
        found = checked(Guard(name=name, margin=0.2), pairs=pairs)
        assert found.kind == "ratio" and found.gain == pytest.approx(1 - math.exp(logs.mean()))
        assert found.lower < found.gain < found.upper and not found.held
    assert checked(Guard(name="time", margin=0.5), pairs=pairs).held
    reported = checked(Guard(name="time", margin=None), pairs=pairs)
    assert reported.held and reported.margin == math.inf


def test_prices_weigh_devices() -> None:
    pairs = [pair(10, 10), pair(20, 20)]
    for item in pairs:
        item.sides[1].device = "H200"
    found = checked(Guard(name="cost", margin=0.2), pairs=pairs, prices=Prices(cpu_hour=1.0, gpu_hour=3.0))
    assert found.gain == pytest.approx(-2.0)


def test_latency_is_the_slowest_of_a_hundred() -> None:
    times = ([1.0] * 98 + [5.0, 5.0], [2.0] * 98 + [10.0, 10.0])
    found = checked(Guard(name="latency", margin=0.2), pairs=[pair(1, 1, times)] * 2)
    assert found.gain == pytest.approx(-1.0) and not found.held
    unknown = checked(Guard(name="latency", margin=0.2), pairs=[pair(1, 1)] * 3)
    assert math.isnan(unknown.gain) and not unknown.held
    assert checked(Guard(name="latency", margin=None), pairs=[pair(1, 1)] * 3).held


def test_the_worst_class_is_that_of_the_old_table() -> None:
    asked = exam(400, classes=3, seed=3)
    draw = np.random.default_rng(0)
    chance = np.array([0.9, 0.5, 0.8])[asked.targets]
    level = draw.random(400)
    a = (level < chance)[None].repeat(3, 0)
    b = (level < chance - 0.3 * (asked.targets == 1))[None].repeat(3, 0)
    sides = (marks(asked, a, ["x", "y", "z"]), marks(asked, b, ["x", "y", "z"]))
    found = checked(Guard(name="worst_class", margin=0.05, least=2), sides)
    mask = asked.targets == 1
    expected = two_way(b[:, mask].astype(float) - a[:, mask], 0.05)
    assert found.name == "worst_class:y" and found.gain == pytest.approx(expected.mean) and not found.held
    assert found.lower == pytest.approx(expected.lower)
    same = checked(Guard(name="worst_class", margin=0.05, least=2), (sides[0], sides[0]))
    assert same.held and same.gain == 0
    none = checked(Guard(name="worst_class", margin=0.05, least=1000), sides)
    assert none.name == "worst_class" and math.isnan(none.gain) and not none.held


def test_classes_of_several_labels_and_of_numbers() -> None:
    draw = np.random.default_rng(0)
    targets = draw.integers(2, size=(50, 2)).astype(np.float32)
    rows = SimpleNamespace(targets=targets)
    asked = Exam("validation", "validation", rows, "k")  # type: ignore[arg-type]
    labels = Labels(problem="multi_label", names=["p", "q"])
    logits = draw.normal(size=(2, 50, 2)).astype(np.float32)
    side = Marks(TextClassification(), labels, asked, logits)
    found = class_rows((side, side))
    assert found["q"][0].tolist() == [list((run[targets[:, 1] > 0, 1] > 0).astype(float)) for run in logits]
    numbers = Exam("v", "v", SimpleNamespace(targets=np.arange(5.0)), "k")  # type: ignore[arg-type]
    regress = Marks(TextClassification(), Labels(problem="regression"), numbers, np.zeros((2, 5, 1)))
    assert class_rows((regress, regress)) == {}


def test_calibration_is_better_when_its_error_is_smaller() -> None:
    asked = exam(600)
    right, _ = gains(2, 600, 0.7, 0.7)
    modest = marks(asked, right)
    sure = Marks(modest.task, modest.labels, asked, modest.logits * 10)
    worse = checked(Guard(name="calibration", margin=0.02), (modest, sure))
    better = checked(Guard(name="calibration", margin=0.02), (sure, modest))
    assert worse.gain < -0.02 and not worse.held
    assert better.gain == pytest.approx(-worse.gain) and better.held


def test_a_file_of_challenges() -> None:
    asked = exam(300)
    a, b = gains(3, 300, 0.9, 0.6)
    challenge = Challenge(path=Path("hard.csv"), hash="h", margin=0.02)
    worse = check_challenge(challenge, (marks(asked, a), marks(asked, b)), "accuracy", 0.05)
    assert (worse.kind, worse.held) == ("challenge", False)
    assert check_challenge(challenge, (marks(asked, b), marks(asked, a)), "accuracy", 0.05).held
