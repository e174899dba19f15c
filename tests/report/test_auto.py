"""The page of an auto says what raced, what was proven, what a baseline does, and what luck would have chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.report.reader import read_page
from tests.report.test_ab import verdict as verdict_of
from tests.verbs.racing.contexts import candidate, state
from tunebook.report.auto import write_auto_report
from tunebook.verbs.racing.outcome import AutoResult
from tunebook.verbs.racing.state import BaselineScore, BestOfN

LUCK = BestOfN(
    tries=3, draws=2000, picked=0.9, no_better=0.44, seen=0.03, seen_low=0.0, seen_high=0.06, kept=0.001,
    kept_low=-0.03, kept_high=0.03, single=1,
)  # fmt: skip


def result(path: Path, verdict: Any = None, **more: Any) -> AutoResult:
    tables = [
        candidate("champion", scores=[0.6] * 5),
        candidate(
            "recommended", scores=[0.65] * 5, gain=0.05, lower=0.01, upper=0.09, state="finalist",
            changed={"learning_rate": 3e-5},
        ),
        candidate("2", scores=[0.5], gain=-0.1, lower=None, upper=None, state="out"),
        candidate("3", why="[plan.length] too <long>", state="refused"),
    ]  # fmt: skip
    baselines = [
        BaselineScore(name="majority", score=0.4, seconds=0.0),
        BaselineScore(
            name="tfidf_logreg",
            score=0.7,
            seconds=0.4,
            against="recommended",
            seeds=5,
            gain=0.05,
            lower=0.01,
            upper=0.09,
        ),
    ]
    facts: dict[str, Any] = {
        "candidates": tables, "baselines": baselines, "runs": {"race": 9, "gate": 6}, "seconds": 75.0, "luck": LUCK,
        "version": 2,
    }  # fmt: skip
    found = state().model_copy(update={**facts, **more})
    return AutoResult(auto="abc", state=found, champion=1, before=1, minutes=30, rows=40, path=path, verdict=verdict)


def words(path: Path, found: AutoResult) -> str:
    return " ".join(read_page(write_auto_report(path, found)).words.split())


def test_everything_is_told(tmp_path: Path) -> None:
    proven = verdict_of(path=tmp_path / "tests" / "t")
    found = result(
        tmp_path, proven, ended="promoted", test="t", test_scores={"gain": 0.03, "lower": 0.01, "upper": 0.05}
    )
    page = read_page(write_auto_report(tmp_path, found))
    told = " ".join(page.words.split())
    assert "v2 is the champion now, in the place of v1" in told and "9 in the race, 6 for the gate" in told
    assert "recommended (v2)" in told and "learning_rate=3e-05" in told and "+5.0 [+1.0, +9.0]" in told
    assert "[plan.length] too <long>" in told and "cannot be planned" in told
    assert "The baseline TF-IDF" in told and "is the better choice" in told and "+1.0 … +9.0" in told
    assert (
        "in 44% of the redraws" in told and "1 of 3 tables have a single run" in told and "40 validation rows" in told
    )
    assert f"test rows: v{proven.b}" in told and f"gate: v{proven.b}" in told
    assert len(page.all("svg")) == 2
    assert "tests/t/report.html" in told


def test_before_anything_is_known(tmp_path: Path) -> None:
    bare = [candidate("champion"), candidate("1")]
    told = words(tmp_path, result(tmp_path, candidates=bare, baselines=[], luck=None, needed=120.0, version=0))
    assert "budget of 30 minutes is spent" in told and "Nothing was tested." in told and "better choice" not in told
    assert "tables have a single run" not in told


@pytest.mark.parametrize("ended", ["refused", "not_passed", "none_better"])
def test_every_end_has_its_words(tmp_path: Path, ended: str) -> None:
    proven = None if ended == "none_better" else verdict_of(path=tmp_path / "t")
    told = words(tmp_path, result(tmp_path, proven, ended=ended, reason="The reason is this."))
    assert ("The reason is this." in told) == (ended != "not_passed")
    assert "is the champion now" not in told


@pytest.mark.parametrize(
    ("language", "told", "wrong"),
    [
        ("en", "Interrupted after 75.0 s of 30.0 min; this goes on", "is spent"),
        ("zh", "已中断，用时 75.0 秒", "已用完"),
    ],
)
def test_a_stop_is_no_spent_budget(
    tmp_path: Path, language: str, told: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    folder = tmp_path / "my book" / "auto" / "abc"
    shown = words(folder, result(folder, stopped=True))
    assert told in shown and wrong not in shown
    assert f"tunebook auto '{tmp_path / 'my book'}' --minutes 30 --try 6" in shown
    assert wrong in words(folder, result(folder, needed=120.0))


def test_a_stop_before_the_tables_are_drawn_has_a_page(tmp_path: Path) -> None:
    none = result(tmp_path, stopped=True, candidates=[], baselines=[], luck=None, version=0)
    assert "Interrupted after" in words(tmp_path, none)


def test_a_luck_that_never_chose_has_no_plot(tmp_path: Path) -> None:
    never = LUCK.model_copy(update={"picked": 0.0})
    page = read_page(write_auto_report(tmp_path, result(tmp_path, luck=never)))
    assert "would not have left the champion" in page.words and len(page.all("svg")) == 1


def test_in_chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    told = words(tmp_path, result(tmp_path, ended="none_better", reason="v1 仍是冠军。"))
    assert "选拔胜者" in told and "是更好的选择" in told and "取 3 个中的最好者" in told
