"""tunebook auto: what it prints while it buys, at its end, and where it is stopped."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Call
from tests.report.test_ab import verdict as verdict_of
from tests.verbs.racing.contexts import candidate, state

from tunebook.cli.auto import PurchaseBars
from tunebook.core.errors import RunError
from tunebook.core.verdict import Guardrail, Verdict
from tunebook.verbs import auto as verb
from tunebook.verbs.racing.outcome import AutoResult
from tunebook.verbs.racing.state import BaselineScore, BestOfN, Costs

BASELINE = BaselineScore(name="tfidf_logreg", score=0.62, seconds=0.4)
HELD = {"against": "champion", "seeds": 5, "gain": 0.02, "lower": -0.01, "upper": 0.05}
LUCK = BestOfN(
    tries=2, draws=2000, picked=0.9, no_better=0.44, seen=0.03, seen_low=0.0, seen_high=0.06, kept=0.001,
    kept_low=-0.03, kept_high=0.03, single=1,
)  # fmt: skip


@pytest.fixture
def own(fresh: Path, tmp_path: Path) -> Path:
    """A book of one's own."""
    return Path(shutil.copytree(fresh, tmp_path / "book"))


def made(book: Path, **more: Any) -> AutoResult:
    tables = [
        candidate("champion", scores=[0.6, 0.62]),
        candidate("1", scores=[0.5], changed={"learning_rate": 3e-5}, gain=-0.1, lower=-0.2, upper=0.01, state="out"),
        candidate("2", why="[plan.length] too long", state="refused"),
    ]
    facts: dict[str, Any] = {
        "candidates": tables, "baselines": [BASELINE.model_copy(update=HELD)], "runs": {"race": 3}, "seconds": 75.0,
        "luck": LUCK, "ended": "none_better", "reason": "v1 stays.",
    }  # fmt: skip
    found = state().model_copy(update={**facts, **more})
    return AutoResult(auto="abc", state=found, champion=1, before=1, minutes=30, rows=40, path=book / "auto" / "abc")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, own: Path) -> dict[str, Any]:
    """An auto that buys two things and ends as `result` says, or raises it."""
    said: dict[str, Any] = {"result": made(own), "asked": {}}

    def act(book: Any, *, progress: Any, **asked: Any) -> AutoResult:
        said["asked"] = asked
        found = said["result"]
        before = made(own, baselines=[BASELINE]).state
        racing = [
            candidate("champion"),
            candidate("1", scores=[0.5]),
            candidate("2", why="[plan.length]", state="refused"),
        ]
        before = before.model_copy(update={"candidates": racing})
        progress.begins(before, Costs(each=12.0, rung=40.0, proof=100.0, left=asked["minutes"] * 60))
        progress.bought(before, "tfidf_logreg")
        progress.bought(before, "1")
        failed = candidate("1", state="failed", why="[run.diverged] no")
        progress.bought(before.model_copy(update={"candidates": [failed]}), "1")
        if said.get("stopped"):
            progress.stopped(said["stopped"])
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(verb, "auto", act)
    return said


def test_all_is_told(tunebook: Call, own: Path, told: dict[str, Any]) -> None:
    done = tunebook("auto", own)
    assert done.code == 1 and told["asked"] == {"minutes": 30.0, "tries": 6, "again": False, "allow": frozenset()}
    assert "Planning the champion and up to 6 candidates" in done.err
    assert "1 candidates against v1" in done.err and "12.0 s a run by the clock" in done.err.replace("\n", " ")
    assert "does not reach" not in done.err
    assert "Baseline TF-IDF" in done.err and "candidate 1, seed 42: Accuracy 0.500" in done.err
    assert "candidate 2 cannot be trained: [plan.length]" in done.err.replace("\n", " ")
    assert "candidate 1 is out: [run.diverged] no" in done.err
    out = done.out.replace("\n", " ")
    assert "v1 stays." in out and "learning_rate=3e-05" in out and "-10.0 [-20.0, +1.0]" in out
    assert "75.0 s of 30.0 min; 3 in the race" in out
    assert "Warning: The baseline TF-IDF" in out and "is not behind champion (v1)" in out
    assert "in 44% of the redraws" in out and "+3.0 points" in out and "+0.1 points" in out
    assert f"tunebook auto {own} --again" in done.out and "report.html" in done.out


def test_json_and_a_promotion(tunebook: Call, own: Path, told: dict[str, Any]) -> None:
    told["result"] = made(own, ended="promoted", version=2, verdict="STRONG").model_copy(update={"champion": 2})
    done = tunebook("auto", own, "--minutes", 5, "--try", 3, "--again", "--json")
    assert done.code == 0 and told["asked"]["tries"] == 3 and told["asked"]["again"]
    assert (done.json["champion"], done.json["verdict"], done.json["spent"]["runs"]) == ("v2", "STRONG", 3)
    shown = tunebook("auto", own).out
    assert "✓ v2 is the champion now" in shown and f"tunebook table diff {own} v1 v2" in shown


def test_a_spent_budget_says_how_to_go_on(tunebook: Call, own: Path, told: dict[str, Any]) -> None:
    told["result"] = made(own, ended="", needed=260.0, luck=None, baselines=[])
    done = tunebook("auto", own, "--minutes", 1, "--try", 3)
    assert done.code == 1 and f"tunebook auto {own} --minutes 35 --try 3" in done.out
    assert "does not reach the proof" in done.err.replace("\n", " ")


def test_a_stop_shows_what_was_bought(tunebook: Call, own: Path, told: dict[str, Any]) -> None:
    told["result"], told["stopped"] = RunError("auto.interrupted", key="abc", value=3), made(own, seconds=89.0).state
    done = tunebook("auto", own)
    assert done.code == 3 and "3 in the race" in done.err and "goes on from there" in done.err.replace("\n", " ")
    assert "89.0 s of 30.0 min" in done.err, "the run that was under way is counted"
    told["stopped"] = None
    told["result"] = RunError("run.busy", key="abc")
    assert "3 in the race" not in tunebook("auto", own).err


def not_passed(book: Path, verdict: Verdict) -> AutoResult:
    return made(book, ended="not_passed", version=2, test="t").model_copy(update={"verdict": verdict})


def guard(gain: float) -> Guardrail:
    return Guardrail(name="class:NUM", kind="score", margin=0.05, gain=gain, lower=-0.49, upper=0.22, held=False)


def test_seeds_are_proposed_only_where_they_may_decide(tunebook: Call, own: Path, told: dict[str, Any]) -> None:
    told["result"] = not_passed(own, verdict_of("INCONCLUSIVE", guardrails=[], settle={"seeds": None, "rows": None}))
    done = tunebook("auto", own)
    assert "tunebook ab" not in done.out and f"tunebook auto {own} --again" in done.out
    told["result"] = not_passed(own, verdict_of("INCONCLUSIVE", guardrails=[], settle={"seeds": 9, "rows": None}))
    assert f"tunebook ab {own} v1 v2 --seeds 9" in tunebook("auto", own).out


def test_a_broken_guardrail_is_named_with_its_fall(tunebook: Call, own: Path, told: dict[str, Any]) -> None:
    told["result"] = not_passed(own, verdict_of(guardrails=[guard(-0.04)]))
    done = tunebook("auto", own)
    shown = done.out.replace("\n", " ")
    assert "v2 is proven better, but a guardrail is not held: Recall (NUM)." in shown and "does not find" not in shown
    assert "Recall (NUM): -4.0 points (interval -49.0 points to +22.0 points; allowed -5.0 points)" in shown
    assert "more seeds or more rows tell" in shown and f"tunebook ab {own} v1 v2 --seeds 10" in shown
    told["result"] = not_passed(own, verdict_of(guardrails=[guard(-0.06), guard(-0.04)]))
    shown = tunebook("auto", own).out.replace("\n", " ")
    assert "it takes another table" in shown and "tunebook ab" not in shown


def test_a_long_step_is_announced(capsys: pytest.CaptureFixture[str]) -> None:
    with PurchaseBars() as shop:
        for what, told in (
            ("ab", "A/B test 0/10"),
            ("promote", "Fresh seeds 0/10"),
            ("verdict", "Working out the verdict"),
        ):
            shop.start(what, 10)
            shop.finish()
            assert capsys.readouterr().err.startswith(told)


def test_in_chinese(tunebook: Call, own: Path, told: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    done = tunebook("auto", own)
    assert "候选 1" in done.out and "不逊于冠军 (v1)" in done.out and "选拔 3 次" in done.out and "种子 42" in done.err


def test_a_shop_without_state_has_nothing_to_show() -> None:
    assert PurchaseBars().state is None


@pytest.mark.parametrize(
    ("words", "code"),
    [(("--minutes", "0"), "auto.number"), (("--try", "0"), "auto.number"), (("--minutes", "0.001"), "auto.budget")],
)
def test_refusals(words: tuple[str, ...], code: str, tunebook: Call, fresh: Path) -> None:
    done = tunebook("auto", fresh, *words, "--json")
    assert done.code == 2 and done.json["error"]["code"] == code
