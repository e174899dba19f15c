"""Guardrails on answers and costs made by hand: what holds, what breaks, what cannot be told."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.special import stdtrit

from tests.ab_book import arm_scores, exam, gains
from tunebook.report.ab_words import guard_name
from tunebook.stats.gate import two_way
from tunebook.verbs.abtest.ab_plan import Challenge, Guard, Prices
from tunebook.verbs.abtest.classes import holdable
from tunebook.verbs.abtest.guardrails import check_challenge, check_guards, seen_fall
from tunebook.verbs.abtest.scored import ArmScores


def plan(*guards: Guard, prices: Prices | None = None) -> Any:
    return SimpleNamespace(guards=list(guards), prices=prices or Prices(), seeds=[1, 2, 3, 4, 5])


def pair(a: float, b: float, latency: Any = ([], [])) -> Any:
    sides = tuple(
        SimpleNamespace(seconds=value, peak_memory_bytes=value * 100, size=value * 7, device="cpu", work=value)
        for value in (a, b)
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
    se = logs.std(ddof=1) / math.sqrt(3)  # a rise in cost that 2 degrees of freedom tell from none
    assert reported.sees == pytest.approx(math.exp((stdtrit(2, 0.95) + stdtrit(2, 0.8)) * se) - 1)


def test_prices_weigh_devices() -> None:
    pairs = [pair(10, 10), pair(20, 20)]
    for item in pairs:
        item.sides[1].device, item.sides[1].work = "H200", 0.0
    found = checked(Guard(name="cost", margin=0.2), pairs=pairs, prices=Prices(cpu_hour=1.0, gpu_hour=3.0))
    assert found.gain == pytest.approx(-2.0)


def test_time_is_that_of_the_processor_where_it_is_known_of_all_runs() -> None:
    """What else the machine did while a run was trained is nothing to its table."""
    pairs = [pair(10, 11), pair(10, 11)]
    for item in pairs:
        item.sides[1].seconds = 40
    for name in ("time", "cost"):
        found = checked(Guard(name=name, margin=0.2), pairs=pairs)
        assert found.gain == pytest.approx(-0.1) and found.held and not found.clock
        assert "clock" not in guard_name(found)
    pairs[0].sides[0].work = 0.0
    for name in ("time", "cost"):
        found = checked(Guard(name=name, margin=0.2), pairs=pairs)
        assert found.gain == pytest.approx(-3) and not found.held and found.clock
        assert "by the clock" in guard_name(found)
    assert not checked(Guard(name="memory", margin=0.2), pairs=pairs).clock


def test_latency_is_the_slowest_of_a_hundred() -> None:
    times = ([1.0] * 98 + [5.0, 5.0], [2.0] * 98 + [10.0, 10.0])
    found = checked(Guard(name="latency", margin=0.2), pairs=[pair(1, 1, times)] * 2)
    assert found.gain == pytest.approx(-1.0) and not found.held
    unknown = checked(Guard(name="latency", margin=0.2), pairs=[pair(1, 1)] * 3)
    assert math.isnan(unknown.gain) and not unknown.held
    assert checked(Guard(name="latency", margin=None), pairs=[pair(1, 1)] * 3).held


def test_every_class_is_watched_and_those_with_few_rows_are_only_reported() -> None:
    asked = exam(400, classes=3, seed=3)
    draw = np.random.default_rng(0)
    chance = np.array([0.9, 0.5, 0.8])[asked.targets]
    level = draw.random(400)
    a = (level < chance)[None].repeat(3, 0)
    b = (level < chance - 0.3 * (asked.targets == 2))[None].repeat(3, 0)
    sides = (arm_scores(asked, a, ["x", "y", "z"]), arm_scores(asked, b, ["x", "y", "z"]))
    sizes = np.bincount(asked.targets)
    found = check_guards(plan(Guard(name="class", margin=0.05)), (), sides, 0.05)
    assert [item.name for item in found] == ["class:x", "class:y", "class:z"]
    assert [item.rows for item in found] == sizes.tolist() and [item.held for item in found] == [True, True, False]
    mask = asked.targets == 2  # not the class that A recalls worst
    expected = two_way(b[:, mask].astype(float) - a[:, mask], 0.05)
    assert (found[2].gain, found[2].lower) == (pytest.approx(expected.mean), pytest.approx(expected.lower))
    few = check_guards(plan(Guard(name="class", margin=0.05, least=int(sizes[2]) + 1)), (), sides, 0.05)
    assert few[2].held and few[2].margin == math.inf and few[2].lower == found[2].lower
    wide = check_guards(plan(Guard(name="class", margin=0.05, classes=3)), (), sides, 0.05)
    assert [item.margin for item in wide] == pytest.approx([holdable(int(size), 5, 3) for size in sizes])
    assert check_guards(plan(Guard(name="class", margin=0.3, classes=3)), (), sides, 0.05)[0].margin == 0.3
    nobody = check_guards(plan(Guard(name="class", margin=None)), (), (sides[0].first(1), sides[1].first(1)), 0.05)
    assert all(item.held and math.isnan(item.gain) and item.sees == math.inf for item in nobody)


def test_rows_of_a_group_stand_for_each_other() -> None:
    asked = replace(exam(400, classes=2, seed=3), groups=np.arange(400) // 20)
    a, b = gains(3, 400, 0.9, 0.85)
    sides = (arm_scores(asked, a), arm_scores(asked, b))
    mask = asked.targets == 1
    found = check_guards(plan(Guard(name="class", margin=0.05)), (), sides, 0.05)[1]
    expected = two_way(b[:, mask].astype(float) - a[:, mask], 0.05, (np.arange(400) // 20)[mask])
    assert (found.lower, found.upper) == (pytest.approx(expected.lower), pytest.approx(expected.upper))
    alone = tuple(replace(side, exam=replace(asked, groups=None)) for side in sides)
    grouped, single = (checked(Guard(name="calibration", margin=0.02), both) for both in (sides, alone))
    assert grouped.gain == single.gain and grouped.lower != single.lower


def test_the_fall_that_would_be_seen_is_seen_in_four_of_five_tests() -> None:
    """Among many tests with a true fall of what `sees` says, the upper end lies below 0 in about 80 %."""
    draw = np.random.default_rng(0)
    rows = [draw.normal(0, 0.3, 200) + draw.normal(0, 0.3, (5, 200)) + draw.normal(0, 0.03, (5, 1)) for _ in range(800)]
    fall = np.mean([seen_fall(two_way(part, 0.05), 0.05) for part in rows])
    assert np.mean([two_way(part - fall, 0.05).upper < 0 for part in rows]) == pytest.approx(0.8, abs=0.05)


def test_calibration_is_better_when_its_error_is_smaller() -> None:
    asked = exam(600)
    right, _ = gains(2, 600, 0.7, 0.7)
    modest = arm_scores(asked, right)
    sure = ArmScores(modest.task, modest.labels, asked, modest.logits * 10)
    worse = checked(Guard(name="calibration", margin=0.02), (modest, sure))
    better = checked(Guard(name="calibration", margin=0.02), (sure, modest))
    assert worse.gain < -0.02 and not worse.held
    assert better.gain == pytest.approx(-worse.gain) and better.held


def test_a_file_of_challenges() -> None:
    asked = exam(300)
    a, b = gains(3, 300, 0.9, 0.6)
    challenge = Challenge(path=Path("hard.csv"), hash="h", margin=0.02)
    worse = check_challenge(challenge, (arm_scores(asked, a), arm_scores(asked, b)), "accuracy", 0.05)
    assert (worse.kind, worse.held) == ("challenge", False)
    assert check_challenge(challenge, (arm_scores(asked, b), arm_scores(asked, a)), "accuracy", 0.05).held
