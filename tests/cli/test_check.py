"""tunebook check: the answer is yes or no."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Call


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


def test_chinese(tunebook: Call, fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "可以开始训练" in tunebook("check", fresh).out
