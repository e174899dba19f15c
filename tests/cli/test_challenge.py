"""tunebook challenge: figures, JSON, words in both languages."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tunebook.core.calibrates import Calibration, Cuts, Temperature
from tunebook.core.messages import say
from tunebook.core.nouns import Interval
from tunebook.verbs.freeze_challenges import MARGIN

from .conftest import Call


def test_a_run_is_challenged(tunebook: Call, lent: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = tunebook("challenge", lent, "--only", "typos,emoji", "--set", "typos.share=0.5")
    assert found.code == 0
    assert "Typing slips" in found.out
    assert "challenge.html" in found.out.replace("\n", "")
    data = tunebook("challenge", lent, "--only", "typos,emoji", "--set", "typos.share=0.5", "--json").json
    assert {item["key"] for item in data["capabilities"]} == {"typos", "emoji"}
    assert Path(data["page"]).is_file()
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "键盘误击" in tunebook("challenge", lent, "--only", "typos,emoji").out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--split", "dev"), "cli.option"),
        (("--only", "typoz"), "challenge.unknown"),
        (("--limit", "0"), "challenge.limit"),
        (("--set", "typos.share=much"), "row.value"),
    ],
)
def test_what_is_wrong_is_refused(tunebook: Call, lent: Path, words: tuple[str, ...], code: str) -> None:
    found = tunebook("challenge", lent, *words, "--json")
    assert (found.code, found.json["error"]["code"] if "error" in found.json else found.json["code"]) == (2, code)


def test_a_set_is_frozen(tunebook: Call, lent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(lent, tmp_path / "book")
    found = tunebook("challenge", tmp_path / "book", "--only", "emoji", "--freeze", "base", "--margin", "7pt")
    assert found.code == 0
    assert 'challenges = ["base"]' in found.out
    assert "7.0 points" in found.out and "weak guardrail" not in found.out
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    more = tunebook("challenge", tmp_path / "book", "--only", "emoji", "--freeze", "more", "--gate")
    assert "book.toml" in more.out
    assert 'challenges = ["more"]' in (tmp_path / "book" / "book.toml").read_text(encoding="utf-8")
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    few = tunebook("challenge", tmp_path / "book", "--only", "emoji", "--limit", "10", "--freeze", "few")
    assert "weak guardrail" in few.out and f"{100 * MARGIN:.1f} points" not in few.out
    for words in (("--gate",), ("--margin", "5pt")):
        assert tunebook("challenge", lent, *words).code == 2


@pytest.mark.parametrize("language", ["en", "zh"])
def test_of_a_model_with_thresholds_its_own_answers_are_measured(
    tunebook: Call, lent: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    plain = tunebook("challenge", lent, "--only", "emoji", "--json").json
    around = Interval(value=0.1, low=0.0, high=0.2)
    heat = Temperature(value=2.0, applied=True, gain=around, validation={}, test={}, items=[9, 9])
    cuts = Cuts(by="recall", classes={"a": 1.0}, validation={}, test={})
    made = Calibration(run="r", model="m", content="c", temperature=heat, cuts=cuts)
    monkeypatch.setattr("tunebook.verbs.steps.calibration.kept_calibration", lambda run: made)
    found = tunebook("challenge", lent, "--only", "emoji", "--json").json
    assert {**found, "cuts": False} == plain != found
    told = "".join(tunebook("challenge", lent, "--only", "emoji").out.split())
    assert "".join(say("challenge.cuts").split()) in told
    errors = "".join(tunebook("errors", lent).out.split())
    assert "".join(say("errors.limit_cuts").split()) in errors


def test_it_is_said_why_a_capability_was_not_measured(tunebook: Call, lent: Path) -> None:
    found = tunebook("challenge", lent, "--only", "emoji,negation", "--limit", "9")
    assert found.code == 0
    assert "The opposite, not measured: Rows that this change fits: 1." in found.out
