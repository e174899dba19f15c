"""A book that is moved, copied, or seen from another folder: its runs answer the same, and only on their own rows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests import small
from tests.cli.conftest import Call


@pytest.fixture
def home(tmp_path: Path, book: Path, rows: Path, model: Path, monkeypatch: pytest.MonkeyPatch, tunebook: Call) -> Path:
    """A folder with a moved book whose run has a plan as older versions wrote it: `mine/data`, seen from there; and
    where that was, there is a book of other rows by now."""
    place = tmp_path / "home"
    place.mkdir()
    shutil.copytree(book, place / "moved")
    for plan in place.glob("moved/runs/*/plan.json"):
        plan.write_text(json.dumps(json.loads(plan.read_text()) | {"data_path": "mine/data"}))
    monkeypatch.chdir(place)
    other = small.write_csv(tmp_path / "other.csv", 90, classes=3, seed=5)
    assert tunebook("init", "mine", "--data", other, "--model", model).code == 0
    return place


def test_every_command_reads_the_rows_of_its_own_book(home: Path, book: Path, tunebook: Call) -> None:
    asked = ("predict", "moved", "a lovely room", "--json")
    right = tunebook("predict", book, "a lovely room", "--json").json
    assert tunebook(*asked).json == right
    scored = tunebook("eval", "moved", "--split", "validation", "--no-baselines", "--json")
    assert scored.code == 0 and scored.json["rows"] == 40
    merged = tunebook("merge", "moved", "--into", "plain", "--json")
    assert merged.code == 0 and merged.json["rows"] == 40
    again = tunebook("train", "moved", "--set", "max_epochs=8", "--set", "learning_rate=0.005", "--json")
    assert again.json["finished_before"], "the same plan, wherever the book stands"


def test_a_book_is_used_from_any_folder(home: Path, tunebook: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tunebook("train", "mine", "--set", "max_steps=2", "--track", "none", "--no-eval", "--json")
    assert first.code == 0
    (home / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(home / "deep" / "er")
    up = Path("..") / ".." / "mine"
    assert tunebook("predict", up, "a lovely room", "--json").code == 0
    assert tunebook("eval", up, "--no-baselines", "--json").code == 0
    assert tunebook("train", up, "--set", "max_steps=2", "--no-eval", "--json").json["run"] == first.json["run"]
    monkeypatch.chdir(home / "mine")
    assert tunebook("predict", ".", "a lovely room", "--json").code == 0
    shutil.move(home / "mine", home / "yours")
    monkeypatch.chdir(home)
    more = tunebook("train", "yours", "--continue-from", first.json["run"], "--set", "max_steps=2", "--track", "none",
                    "--no-eval", "--json")  # fmt: skip
    assert more.code == 0
    shutil.move(home / "yours", home / "ours")
    assert tunebook("eval", "ours", "--run", more.json["run"], "--no-baselines", "--json").code == 0


def test_rows_that_are_not_those_of_the_run_are_refused(home: Path, tunebook: Call) -> None:
    shutil.rmtree(home / "moved" / "data")
    shutil.copytree(home / "mine" / "data", home / "moved" / "data")
    for words in (("predict", "moved", "a room"), ("eval", "moved"), ("merge", "moved", "--into", "plain")):
        refused = tunebook(*words, "--json")
        assert (refused.code, refused.json["error"]["code"]) == (3, "run.data"), words
    assert not Path("plain").exists()


def test_a_base_model_may_lie_in_the_book(home: Path, model: Path, tunebook: Call) -> None:
    shutil.copytree(model, home / "mine" / "models" / "tiny")
    lora = (
        "--set",
        "base_model=models/tiny",
        "--set",
        "lora=on",
        "--set",
        "max_steps=2",
        "--track",
        "none",
        "--no-eval",
    )
    assert tunebook("train", "mine", *lora).code == 0
    (home / "mine").rename(home / "yours")
    assert tunebook("predict", "yours", "a lovely room", "--json").code == 0
    assert tunebook("merge", "yours", "--into", "plain").code == 0
