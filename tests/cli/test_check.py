"""tunebook check: the answer is yes or no."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Call

from tunebook.core.nouns import Estimate


def test_yes(tunebook: Call, fresh: Path) -> None:
    done = tunebook("check", fresh, "--set", "max_epochs=1")
    assert done.code == 0 and "Ready to train" in done.out
    assert f"tunebook train {fresh} --set max_epochs=1" in done.out
    data = tunebook("check", fresh, "--json").json
    assert data["ok"] is True and data["problems"] == []
    assert data["estimate"]["seconds"] > 0 and data["estimate"]["memory_bytes"] > 0
    assert {item["code"] for item in data["warnings"]} == {"split_small"}


def test_no(tunebook: Call, fresh: Path) -> None:
    done = tunebook("check", fresh, "--set", "max_length=9999")
    assert done.code == 1 and "plan.length" in done.out and "Next:" not in done.out
    data = tunebook("check", fresh, "--set", "max_length=9999", "--json")
    problem = data.json["problems"][0]
    assert data.code == 1 and data.json["ok"] is False and data.json["estimate"] is None
    assert (problem["code"], problem["key"]) == ("plan.length", "max_length") and problem["message"]


def test_wrong_use_is_no_answer(tunebook: Call, fresh: Path) -> None:
    assert tunebook("check", fresh, "--set", "learning_rat=3").code == 2
    assert tunebook("check", fresh, "--set", "learning_rate=7").code == 2
    assert tunebook("check", fresh, "--table", "v9").code == 2


def test_rows_that_lose_their_end_are_told_of_only_where_there_are_any(tunebook: Call, fresh: Path) -> None:
    assert "lose their end" not in tunebook("check", fresh, "--set", "max_length=64").out
    assert "100.0% of the rows lose their end" in " ".join(
        tunebook("check", fresh, "--set", "max_length=4").out.split()
    )


def test_one_step_is_not_called_steps(tunebook: Call, fresh: Path) -> None:
    for steps, told in (("1", "1 step,"), ("2", "2 steps,")):
        assert told in " ".join(tunebook("check", fresh, "--set", f"max_steps={steps}").out.split())


def test_chinese(tunebook: Call, fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    done = tunebook("check", fresh)
    for part in (
        "可以开始训练",
        "文本分类，单标签分类",
        "v1（冠军）",
        "择优指标：准确率",
        "个参数（100% 参与训练）",
        "测试集只有",
    ):
        assert part in done.out
    assert "允许的取值：> 0 且 <= 1 的小数" in tunebook("check", fresh, "--set", "learning_rate=7").err


def test_the_rate_that_is_used(tunebook: Call, fresh: Path) -> None:
    words = ("check", fresh, "--set", "lora.learning_rate=0.002")
    shown = " ".join(tunebook(*words).out.split())
    assert "learning rate 0.002 (lora.learning_rate, in place of learning_rate" in shown
    assert tunebook(*words, "--json").json["learning_rate"] == 0.002
    warned = tunebook(*words, "--set", "lr=3e-5", "--json").json["warnings"]
    assert [item["fields"] for item in warned if item["code"] == "table.replaced"] == [
        {"row": "learning_rate", "replaced_by": "lora.learning_rate", "value": 0.002}
    ]
    plain = tunebook("check", fresh, "--set", "lr=3e-5", "--json").json
    assert plain["learning_rate"] == 3e-5 and "table.replaced" not in [item["code"] for item in plain["warnings"]]


def test_targets_in_usual_spellings(tunebook: Call, fresh: Path) -> None:
    for targets in ("all-linear", "q_proj,v_proj", "[query, value]", "query|value"):
        assert tunebook("check", fresh, "--set", f"lora.targets={targets}").code == 0, targets


BAD = ("--set", "max_length=4000", "--set", "metric=luck", "--set", "warmup_steps=9999", "--set", "no_decay=on",
       "--set", "weight_decay=0")  # fmt: skip


def test_all_that_stops_a_run_at_once(tunebook: Call, fresh: Path) -> None:
    done = tunebook("check", fresh, *BAD, "--json")
    codes = [problem["code"] for problem in done.json["problems"]]
    assert done.code == 1 and codes[:3] == ["plan.length", "plan.metric", "plan.warmup"] and len(codes) == 4
    assert all("others" not in problem for problem in done.json["problems"])
    shown = tunebook("train", fresh, *BAD)
    assert shown.code == 2 and all(f"[{code}]" in shown.err for code in codes)
    error = tunebook("train", fresh, *BAD, "--json").json["error"]
    assert [error["code"], *(item["code"] for item in error["others"])] == codes


def test_a_busy_machine_is_told_only_where_it_makes_a_difference() -> None:
    from tunebook.report.plan_words import estimate_text

    def told(clock: float) -> str:
        return estimate_text(
            Estimate(seconds=60.0, clock_seconds=clock, memory_bytes=1, steps=2, parameters=3, trained=3)
        )

    assert "by the clock" not in told(0.0) + told(60.0) and "by the clock about 5.0 min" in told(300.0)
