"""tunebook find: options in, a suggestion and the command that follows it out."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Call
from tests.verbs.steps.test_find import RATES, curve

from tunebook.tables.rules import RowChange
from tunebook.verbs.steps import find as verbs
from tunebook.verbs.steps.find import BatchFound, read_off


@pytest.fixture
def own(fresh: Path, tmp_path: Path) -> Path:
    """A book of one's own."""
    return Path(shutil.copytree(fresh, tmp_path / "book"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Searches that cost nothing."""
    told: dict[str, Any] = {}
    smooth = curve(1e-3, 1e-1).tolist()

    def rate(plan: Any, **more: Any) -> Any:
        told.update(more, params=plan.params)
        return read_off(RATES.tolist(), smooth, smooth)

    changes = (RowChange("batch_size", 16, "why"), RowChange("gradient_accumulation_steps", 2, "why"))
    told["batch"] = BatchFound(20, {8: 1 << 30, 16: 1 << 31, 32: None}, changes, "a GPU", None)
    monkeypatch.setattr(verbs, "find_rate", rate)
    monkeypatch.setattr(verbs, "find_batch", lambda plan, progress: told["batch"])
    return told


def test_a_rate(tunebook: Call, own: Path, asked: dict[str, Any]) -> None:
    words = ("find", "rate", own, "--set", "batch_size=4", "--low", "1e-5", "--steps", 50)
    done = tunebook(*words, "--json")
    assert done.code == 0
    assert set(done.json) >= {
        "learning_rate", "now", "steepest", "tenth_of_lowest", "rates", "losses", "page",
    }  # fmt: skip
    assert (asked["low"], asked["high"], asked["steps"], asked["params"].batch_size) == (1e-5, 1.0, 50, 4)
    assert "50 steps" in done.err
    assert Path(done.json["page"]).read_text(encoding="utf-8").count("<polyline") == 2
    out = tunebook(*words).out
    rate = done.json["learning_rate"]
    assert f"Suggested learning_rate: {rate:g}" in out
    assert f"tunebook table set {own} batch_size=4 learning_rate={rate:g}" in " ".join(out.split())


def test_the_command_that_follows_works(tunebook: Call, own: Path, asked: dict[str, Any]) -> None:
    rate = tunebook("find", "rate", own, "--table", "v1", "--json").json["learning_rate"]
    done = tunebook("table", "set", own, f"learning_rate={rate:g}", "--table", "v1", "--json")
    assert done.code == 0
    assert f"learning_rate={rate:g} --table v1" in " ".join(tunebook("find", "rate", own, "--table", "v1").out.split())


@pytest.mark.parametrize(
    "words", [("--low", "0"), ("--low", "0.5", "--high", "0.1"), ("--high", "2"), ("--steps", "9")]
)
def test_ranges_that_cannot_be(words: tuple[str, ...], tunebook: Call, own: Path, asked: dict[str, Any]) -> None:
    done = tunebook("find", "rate", own, *words)
    assert done.code == 2 and "cli.option" in done.err


def test_a_batch(tunebook: Call, own: Path, asked: dict[str, Any]) -> None:
    done = tunebook("find", "batch", own, "--json")
    assert done.json["most_rows"] == 20 and done.json["free_bytes"] is None
    assert done.json["tried"] == {"8": 1 << 30, "16": 1 << 31, "32": None}
    assert done.json["rows"] == {"batch_size": 16, "gradient_accumulation_steps": 2}
    out = tunebook("find", "batch", own).out
    assert "out of memory" in out and "a GPU" in out and "1.00 GiB" in out
    assert f"tunebook table set {own} batch_size=16 gradient_accumulation_steps=2" in " ".join(out.split())


def test_a_batch_that_fits_already(tunebook: Call, own: Path, asked: dict[str, Any]) -> None:
    asked["batch"] = BatchFound(99, {4: 10, 16: 20}, (), "cpu", 1 << 33)
    out = tunebook("find", "batch", own).out
    assert "fits as it is" in out and "8.00 GiB that are free" in out and "table set" not in out


def test_in_chinese(tunebook: Call, own: Path, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "建议的 learning_rate" in tunebook("find", "rate", own).out
    assert "一次最多可容纳 20 条" in tunebook("find", "batch", own).out
