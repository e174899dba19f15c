"""What is told beside the verdict, on answers and costs made by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.ab_book import arm_scores, exam, gains
from tunebook.core.nouns import Labels
from tunebook.stats.paired import mcnemar
from tunebook.tasks.text_classification import TextClassification
from tunebook.verbs.abtest.ab_plan import Prices
from tunebook.verbs.abtest.pairs import costs, described, flip_counts, flipped_rows, rights
from tunebook.verbs.abtest.scored import ArmScores, Exam


def test_figures_of_both_arms() -> None:
    asked = exam(300)
    a, b = gains(3, 300, 0.6, 0.75)
    sides = (arm_scores(asked, a), arm_scores(asked, b))
    found = described(*sides, "accuracy", 0.05)
    assert found["scores"] == {"a": pytest.approx(list(a.mean(1))), "b": pytest.approx(list(b.mean(1)))}
    assert found["p_better"] == 1.0 and found["seed_sd"]["a"] == pytest.approx(a.mean(1).std(ddof=1))
    first = mcnemar(a[0], b[0])
    assert found["mcnemar"][0] == {"won": first.won, "lost": first.lost, "p": first.p} and len(found["mcnemar"]) == 3
    assert found["bootstrap"]["lower"] < found["bootstrap"]["mean"] < found["bootstrap"]["upper"]
    assert found["metrics"]["accuracy"] == pytest.approx([a.mean(), b.mean()]) and "ece" in found["metrics"]
    assert "bootstrap" not in described(*sides, "macro_f1", 0.05) and "mcnemar" in described(*sides, "macro_f1", 0.05)
    assert found["same"] == [False] * 3
    few = described(sides[0].first(1), sides[1].first(1), "accuracy", 0.05)
    assert set(few) == {"scores", "metrics", "collapsed", "same"}


def test_flips() -> None:
    asked = exam(6)
    a = np.array([[1, 1, 0, 0, 1, 0], [1, 1, 0, 0, 1, 0]], bool)
    b = np.array([[1, 0, 1, 1, 1, 0], [1, 1, 1, 0, 1, 0]], bool)
    sides = (arm_scores(asked, a), arm_scores(asked, b))
    assert flip_counts(*sides, "accuracy") == flip_counts(*sides, "mcc") == {"won": 3, "lost": 1}
    assert flipped_rows(*sides, "accuracy") == {"won": [2, 3], "lost": [1]}


def numbers() -> ArmScores:
    targets = np.arange(10.0, dtype=np.float32)
    asked = Exam("v", "v", exam(10).rows.__class__([""] * 10, None, targets, [""] * 10), "k")
    answers = np.stack([targets[:, None] + shift for shift in (0.1, 0.2)])
    return ArmScores(TextClassification(), Labels(problem="regression"), asked, answers)


def test_numbers_have_no_flips() -> None:
    side = numbers()
    assert rights(side, "spearman") is None
    assert flip_counts(side, side, "spearman") == {}
    assert flipped_rows(side, side, "spearman") == {"won": [], "lost": []}
    found = described(side, side, "spearman", 0.05)
    assert "mcnemar" not in found and found["p_better"] == 0.5 and "ece" not in found["metrics"]


def pair(reused: tuple[bool, bool], seconds: tuple[float, float] = (3600.0, 7200.0)) -> Any:
    sides = tuple(
        SimpleNamespace(seconds=value, peak_memory_bytes=int(value), size=5, device="cpu", failed="run.diverged" * side)
        for side, value in enumerate(seconds)
    )
    return SimpleNamespace(sides=sides, seen=SimpleNamespace(reused=reused, latency=([1.0, 3.0], [2.0, 2.0])))


def test_costs() -> None:
    total, each = costs([pair((True, False)), pair((False, False))], Prices(cpu_hour=2.0))
    assert total == {"seconds": 21600.0, "device_hours": 6.0, "money": 12.0, "new_seconds": 18000.0}
    assert each["a"]["reused"] == 1 and each["b"]["reused"] == 0
    assert (each["a"]["failed"], each["b"]["failed"]) == (0, 2)
    assert each["b"]["peak_memory_bytes"] == 7200 and each["b"]["money"] == 8.0 and each["a"]["p50_ms"] == 2.0
    free, _ = costs([pair((True, True))], Prices())
    assert "money" not in free and free["new_seconds"] == 0
    silent = pair((True, True))
    silent.seen.latency = ([], [])
    assert "p50_ms" not in costs([silent], Prices())[1]["a"]
