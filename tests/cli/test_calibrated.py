"""tunebook calibrate of a model of classes, and what predict says afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import Call

from tunebook.cli import calibrated

TEXTS = ("the room was great", "we found it awful")


@pytest.fixture
def own(book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the book, whose few rows are enough."""
    monkeypatch.setattr("tunebook.verbs.steps.chances.LEAST", 5)
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    shutil.copytree(book, tmp_path / "book")
    with (tmp_path / "book" / "book.toml").open("a", encoding="utf-8") as stream:
        stream.write('\n[business.money]\ncosts = "costs.csv"\n')
    (tmp_path / "book" / "costs.csv").write_text("true,bad,good\nbad,0,9\ngood,1,0\n")
    return tmp_path / "book"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_was_found_is_told(own: Path, tunebook: Call, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    shown = tunebook("calibrate", own, "--cost", "money", "--accuracy", "30%")
    assert shown.code == 0 and "money" in shown.out and "tunebook eval" in shown.out
    assert ("predict" in shown.out) and "calibration.json" in "".join(shown.out.split())
    told = tunebook("calibrate", own, "--recall", "0.9", "--class", "bad", "--json").json
    assert told["cuts"]["by"] == "recall" and set(told["cuts"]["classes"]) == {"bad"} and told["certain"] is None
    assert Path(told["path"]).is_file() and told["temperature"]["items"]
    assert calibrated.of_chances.__doc__


def test_unsure_answers_are_marked_and_left_out_where_asked(own: Path, tunebook: Call) -> None:
    none = tunebook("predict", own, *TEXTS, "--reject-below", "calibrated", "--json")
    assert none.json["error"]["code"] == "calibrate.no_sure" and none.code
    assert tunebook("calibrate", own, "--accuracy", "0.3").code == 0
    (path,) = (own / "runs").glob("*/model/calibration.json")
    text = path.read_text(encoding="utf-8")
    score = tunebook("calibrate", own, "--accuracy", "0.3", "--json").json["certain"]["score"]
    path.write_text(text.replace(f'"score": {score}', '"score": 0.99999'), encoding="utf-8")
    marked = tunebook("predict", own, *TEXTS)
    assert "(unsure)" in marked.out and "good" in marked.out and "2 of 2" in " ".join((marked.out + marked.err).split())
    rows = tunebook("predict", own, *TEXTS, "--reject-below", "calibrated", "--json").lines
    assert [row["label"] for row in rows] == [None, None] and rows[0]["notes"] == ["unsure"]
    left = tunebook("predict", own, *TEXTS, "--reject-below", "calibrated")
    assert "unsure, left out" in left.out
    table = tunebook("predict", own, *TEXTS, "--out", own / "out.csv", "--json").json
    assert table["unsure"] == 2


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_is_taken_back(own: Path, tunebook: Call, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    before = tunebook("predict", own, *TEXTS, "--json").lines
    made = tunebook("calibrate", own, "--cost", "money", "--json").json
    assert isinstance(made["warnings"], list)
    both = tunebook("calibrate", own, "--remove", "--cost", "money", "--json")
    assert both.json["error"]["code"] == "calibrate.remove_alone" and both.json["error"]["key"] == "--cost"
    shown = tunebook("calibrate", own, "--remove", "--owner", "ann", "--reason", "no")
    assert shown.code == 0 and "tunebook predict" in shown.out and not Path(made["path"]).exists()
    assert tunebook("predict", own, *TEXTS, "--json").lines == before
    log = tunebook("table", "log", own, "--json").json["entries"]
    assert {"ann"} == {entry["actor"] for entry in log if entry["action"] == "calibrate" and entry["reason"] == "no"}
    none = tunebook("calibrate", own, "--remove", "--json")
    assert none.code and none.json["error"]["code"] == "calibrate.not_there"


def test_a_precision_that_does_not_hold_is_warned_of(
    own: Path, tunebook: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tunebook.report.calibration.doubts", lambda found: ["it does not hold"])
    asked = ("calibrate", own, "--precision", "0.95")
    assert "! " in (told := tunebook(*asked).out) and "it does not hold" in told
    assert tunebook(*asked, "--json").json["warnings"] == ["it does not hold"]


def test_a_report_tells_what_answers_cost(own: Path, tunebook: Call) -> None:
    found = tunebook("eval", own, "--json").json
    assert found["metrics"]["money"] >= 0 and len(found["intervals"]["money"]) == 2
    assert "money" in tunebook("eval", own).out
