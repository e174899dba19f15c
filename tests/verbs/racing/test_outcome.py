"""What an auto came to, as machines read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.report.test_ab import verdict
from tests.verbs.racing.contexts import candidate, state
from tunebook.core.verdict import Guardrail
from tunebook.verbs.racing.outcome import AutoResult
from tunebook.verbs.racing.state import BaselineScore


def result(path: Path, **more: Any) -> AutoResult:
    made = state().model_copy(
        update={
            "candidates": [candidate("champion", scores=[0.5, 0.6]), candidate("1", scores=[0.7], seconds=[3.0])],
            "baselines": [
                BaselineScore(name="tfidf_logreg", score=0.8, seconds=0.2, against="1", gain=0.1, lower=0.02)
            ],
            "runs": {"race": 3, "gate": 6},
            "seconds": 90.0,
            **more,
        }
    )
    return AutoResult(auto="abc", state=made, champion=1, before=1, minutes=30, rows=40, path=path)


def test_all_that_is_promised_is_there(tmp_path: Path) -> None:
    found = json.loads(json.dumps(result(tmp_path).to_json()))
    assert found["champion"] == "v1" and found["verdict"] is None and found["finalist"] is None
    assert found["spent"] == {"seconds": 90.0, "runs": 9} and found["ended"] == "budget" and not found["promoted"]
    assert [(item["name"], item["seeds"], item["mean"]) for item in found["candidates"]] == [
        ("champion", 2, 0.55), ("1", 1, 0.7),
    ]  # fmt: skip
    assert "table" not in found["candidates"][0]
    assert found["best_baseline"]["better"] and found["best_baseline"]["surely"]


def test_at_the_end(tmp_path: Path) -> None:
    done = result(tmp_path, ended="promoted", verdict="STRONG", version=4, test="t", baselines=[])
    assert done.promoted and done.to_json()["finalist"] == "v4" and done.to_json()["best_baseline"] is None
    assert done.to_json()["ended"] == "promoted" and done.to_json()["test"] == "t"


def test_only_a_proven_gain_is_kept_from_passing_by_guardrails(tmp_path: Path) -> None:
    fell = Guardrail(name="class:NUM", kind="score", margin=0.05, gain=-0.3, lower=-0.5, upper=0.2, held=False)
    held = fell.model_copy(update={"name": "time", "held": True})
    proven = {"verdict": verdict(guardrails=[held, fell])}
    ended = result(tmp_path, ended="not_passed").model_copy(update=proven)
    assert ended.broken == [fell] and ended.to_json()["broken"][0]["gain"] == -0.3
    assert result(tmp_path, ended="refused").model_copy(update=proven).broken == []
    unsure = {"verdict": verdict("INCONCLUSIVE", guardrails=[fell])}
    assert ended.model_copy(update=unsure).broken == [] == result(tmp_path, ended="not_passed").broken
