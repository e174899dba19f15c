"""The report of an A/B test: whole, self-contained, escaped, in two languages; and its words."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tests.report.reader import read_page
from tunebook.core.verdict import Guardrail, Look, RowEffect, Verdict
from tunebook.report.ab import Shown, write_ab_report

HOSTILE = '<script>alert("x")</script>&<img src=http://evil.example/x>'


def verdict(decision: str = "STRONG", **more: Any) -> Verdict:
    looks = [
        Look(seeds=3, alpha=0.03, gain=0.03, lower=-0.01, upper=0.07, verdict="INCONCLUSIVE"),
        Look(seeds=5, alpha=0.03, gain=0.041, lower=0.025, upper=0.057, verdict=decision),
    ]
    arm = {"seconds": 100.0, "device_hours": 0.03, "money": 1.5, "peak_memory_bytes": 2**30, "failed": 0, "reused": 5,
           "size": 9 * 2**20, "device": "cpu", "p50_ms": 4.0, "p99_ms": 9.0}  # fmt: skip
    extra = {
        "scores": {"a": [0.80, 0.81, 0.79, 0.80, 0.80], "b": [0.84, 0.85, 0.83, 0.85, 0.83]},
        "seeds": [1, 2, 3, 4, 5],
        "metrics": {"accuracy": [0.8, 0.841], "ece": [0.05, 0.04]},
        "mcnemar": [{"won": 60, "lost": 20, "p": 0.001}] * 5,
        "bootstrap": {"mean": 0.041, "lower": 0.02, "upper": 0.06},
        "p_better": 1.0, "aso": 0.0, "seed_sd": {"a": 0.007, "b": 0.009},
        "arms": {"a": arm, "b": {**arm, "seconds": 150.0, "failed": 1}},
        "warnings": ["ab.warn.again"], "currency": "EUR",
    }  # fmt: skip
    guards = [
        Guardrail(
            name="worst_class:joy & <b>", kind="score", margin=0.05, gain=0.01, lower=-2.0, upper=0.05, held=True
        ),
        Guardrail(name="time", kind="ratio", margin=0.2, gain=-0.5, lower=-0.6, upper=-0.4, held=True),
        Guardrail(
            name="latency", kind="ratio", margin=math.inf, gain=math.nan, lower=math.nan, upper=math.nan, held=True
        ),
        Guardrail(name="hard.csv", kind="challenge", margin=0.02, gain=-0.1, lower=-0.2, upper=0.0, held=True),
    ]
    effects = [
        RowEffect(row="learning_rate", effect=0.05, lower=0.03, upper=0.07, method="shapley"),
        RowEffect(row="freeze", effect=0.01, lower=-0.03, upper=0.05, method="shapley"),
    ]
    fields: dict[str, Any] = dict(
        test="abc", verdict=decision, reason="v2 is better", a=1, b=2, a_values="x", b_values="y", content="c",
        split="validation", metric="accuracy", gain=0.041, lower=0.025, upper=0.057, delta=0.02,
        delta_kind="absolute", alpha=0.05, seeds=5, n=2000, looks=2, history=looks, flips={"won": 300, "lost": 100},
        cost={"seconds": 250.0, "device_hours": 0.07, "new_seconds": 250.0, "money": 3.0}, guardrails=guards,
        effects=effects, extra=extra, path=Path(),
    )  # fmt: skip
    return Verdict(**{**fields, **more})


def told() -> Shown:
    runs = [
        [{"epoch": 0.5, "loss": 0.7}, {"epoch": 1.0, "eval_loss": 0.6, "eval_accuracy": 0.8, "loss": float("nan")}]
    ] * 2
    row = {"id": "1", "text": HOSTILE, "pair": "other", "true": "joy", "a": "fear (5/5)", "b": "joy (4/5)"}
    return Shown(
        changes=[
            {"row": "learning_rate", "from": 2e-5, "to": 5e-5},
            {"row": "freeze.layers", "from": "off", "to": 2},
            {"row": "max_epochs", "from": 3, "to": 4},
        ],
        histories=(runs, runs),
        flipped={"won": [row], "lost": [row]},
        plan={"metric": "accuracy", "delta": 0.02, "seeds": [1, 2]},
    )


def test_the_page_holds_every_part_and_the_numbers(tmp_path):
    page = read_page(write_ab_report(tmp_path, verdict(), told()))
    for words in ("v2 against v1", "v2 is better", "look at 3 seeds", "bootstrap", "Guardrails", "Changed rows",
                  "Training", "Rows that flipped", "hard.csv", "joy & <b>", "+60 %", "+20 %", "learning_rate", "5e-05",
                  "+5.0 points [+3.0 points, +7.0 points]", "cannot be told", "0.001", "1.50 EUR", "9.0 ms", "1.50",
                  "1 runs diverged", "tested before", "0.840", "300 / 100", "abc", HOSTILE):  # fmt: skip
        assert words in page.words, words
    assert "<script>alert" not in page.source
    assert len(page.all("svg")) == 5
    assert "5 %" in page.words and "−" in page.words


def test_parts_that_are_empty_are_left_out(tmp_path):
    bare = verdict("INCONCLUSIVE", effects=[], flips={}, guardrails=[], extra={"arms": {}},
                   settle={"seeds": None, "rows": None}, delta_kind="relative", metric="neg_loss")  # fmt: skip
    page = read_page(write_ab_report(tmp_path, bare, Shown()))
    assert "Rows that flipped" not in page.words and "Training" not in page.words
    assert "Neither a hundred seeds" in page.words and "The same table on both sides" in page.words
    assert len(page.all("svg")) == 1


def test_an_arm_that_collapsed_is_told(tmp_path):
    sound = verdict()
    fallen = sound.model_copy(update={"extra": {**sound.extra, "collapsed": {"a": [True, True, False], "b": [False]}}})
    page = read_page(write_ab_report(tmp_path / "fallen", fallen, told()))
    assert "2 of 3 runs of v1 give every row the same answer" in page.words and "runs of v2 give" not in page.words
    assert "collapsed" not in read_page(write_ab_report(tmp_path / "sound", sound, told())).words


def test_a_difference_that_did_nothing_is_told(tmp_path):
    sound = verdict()
    idle = sound.model_copy(update={"extra": {**sound.extra, "same": [True, False, True]}, "b_values": "other"})
    assert "With 2 of 3 seeds both versions" in read_page(write_ab_report(tmp_path / "idle", idle, told())).words
    other = idle.model_copy(update={"extra": {**sound.extra, "same": [False] * 3}})
    for number, one in enumerate((other, idle.model_copy(update={"b_values": idle.a_values}))):
        assert "both versions give" not in read_page(write_ab_report(tmp_path / f"{number}", one, told())).words


def test_checkpoints_that_the_scored_rows_chose_are_told(tmp_path):
    sound = verdict()
    flattered = sound.model_copy(update={"extra": {**sound.extra, "uncrossed": 4}})
    assert "4 runs are answered by a checkpoint" in read_page(write_ab_report(tmp_path, flattered, told())).words
    assert "answered by a checkpoint that was" not in read_page(write_ab_report(tmp_path, sound, told())).words


def test_intervals_end_where_the_metric_ends(tmp_path):
    wide = verdict("INCONCLUSIVE", extra={"arms": {}, "bootstrap": {"mean": 0.5, "lower": -2.1, "upper": 3.4}})
    page = read_page(write_ab_report(tmp_path, wide, Shown()))
    assert "[-100.00, +100.00]" in page.words and "340" not in page.words


def test_the_plan_is_told_in_words(tmp_path):
    page = read_page(write_ab_report(tmp_path, verdict(), told()))
    assert "least gain worth having" in page.words


def test_rows_without_effects_say_how_to_get_them(tmp_path):
    page = read_page(write_ab_report(tmp_path, verdict(effects=[]), told()))
    assert "--effects" in page.words


def test_the_page_speaks_chinese(tmp_path, chinese):
    page = read_page(write_ab_report(tmp_path, verdict(), told()))
    for words in ("v2 与 v1 的对比", "护栏指标", "变更的参数", "对提升的贡献", "无法判断", "峰值内存", "测试计划"):
        assert words in page.words, words


@pytest.mark.parametrize(
    ("decision", "broken", "outcome"),
    [
        ("STRONG", False, "better"),
        ("STRONG", True, "unsure"),
        ("REJECT", True, "worse"),
        ("INCONCLUSIVE", False, "unsure"),
    ],
)
def test_the_colour_of_the_first_line(decision, broken, outcome, tmp_path):
    guards = [guard.model_copy(update={"held": not broken}) for guard in verdict().guardrails]
    page = read_page(write_ab_report(tmp_path, verdict(decision, guardrails=guards), told()))
    assert f'class="verdict {outcome}"' in page.source
