"""The report of a search says what was tried, what won, and what it does not say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.report.reader import Page, read_page
from tunebook.report.search import write_search_report
from tunebook.verbs.trials.result import SearchResult
from tunebook.verbs.trials.space import Axis, Space
from tunebook.verbs.trials.study import SearchSpec, TrialRecord

AXES = [
    Axis(name="layer_decay", kind="switch"),
    Axis(name="layer_decay.rate", kind="float", low=0.8, high=1),
    Axis(name="learning_rate", kind="float", low=1e-6, high=1e-3, log=True),
    Axis(name="dropout", kind="float", low=0, high=0.3),
]
SPEC = SearchSpec(plan="p", table_version=2, metric="accuracy", space=Space(axes=AXES), seeds=[42])


def trials() -> list[TrialRecord]:
    own = {"layer_decay": False, "learning_rate": 5e-3, "dropout": None}
    found = [TrialRecord(number=0, state="complete", values=own, parent=True, score=0.8, looks=[0.7, 0.8], seconds=9)]
    for number in range(1, 9):
        values = {"layer_decay": True, "layer_decay.rate": 0.9, "learning_rate": 1e-5 * number, "dropout": 0.1}
        found.append(TrialRecord(number=number, state="complete", values=values, score=0.8 + number / 100, seconds=8))
    found.append(TrialRecord(number=9, state="pruned", values=found[1].values, looks=[0.31], why="below <b>median</b>"))
    found.append(TrialRecord(number=10, state="failed", values=found[1].values, why="[run.diverged] loss"))
    found.append(TrialRecord(number=11, state="stopped", values=found[1].values, why="the time was over"))
    found.append(TrialRecord(number=12, state="waiting", values={}))
    return found


def result(path: Path, **more: Any) -> SearchResult:
    best = trials()[8]
    facts: dict[str, Any] = {
        "search": "abc", "metric": "accuracy", "best": best.values, "trial": 8, "score": 0.88, "parent": 2,
        "parent_score": 0.8, "trials": 11, "pruned": 1, "failed": 1, "table": 5, "path": path,
    }  # fmt: skip
    return SearchResult(**{**facts, **more})


def page(folder: Path, importance: dict[str, float] | None = None, spec: SearchSpec = SPEC, **more: Any) -> Page:
    return read_page(write_search_report(folder, spec, trials(), result(folder, **more), importance or {}))


def test_everything_is_told(tmp_path: Path) -> None:
    found = page(tmp_path, {"learning_rate": 0.9, "dropout": 0.1})
    words = found.words
    assert "0.880" in words and "the best of 11" in words and "added as v5" in words
    assert "9 complete, 1 pruned, 1 failed, 1 stopped" in words
    assert "90%" in words and "little more than chance" in words
    assert len(found.all("svg")) == 1 + 1 + len(AXES) + 1
    assert "(0.310)" in words and "[run.diverged] loss" in words and "the time was over" in words
    assert "below <b>median</b>" in words, "escaped"
    assert "1e-06 … 0.001, logarithmic" in words and "0 … 0.3" in words and "on | off" in words
    assert "layer_decayonoffon | off" in "".join(words.split("\n"))
    assert "tunebook ab BOOK v2 v5" in words and "one run with one seed" in words
    assert "1 trials were stopped early" in words and "1 trials failed" in words
    rows = [attributes for name, attributes in found.attributes if name == "tr"]
    assert sum(row.get("class") == "lead" for row in rows) == 1
    assert sum(row.get("class") == "set" for row in rows) == 4


def test_nothing_better_and_nothing_known(tmp_path: Path) -> None:
    spec = SPEC.model_copy(update={"seeds": [1, 2], "prune": "wilcoxon"})
    words = page(tmp_path, spec=spec, table=None, parent_score=None, pruned=0, failed=0, trial=0, best={}).words
    assert "None of 11 trials was better" in words
    assert "Too few complete trials" in words
    assert "nothing to compare with" in words
    assert "tunebook ab" not in words and "one seed" not in words and "(0.310)" not in words


def test_enough_trials_are_not_called_chance(tmp_path: Path) -> None:
    spec = SPEC.model_copy(update={"space": Space(axes=AXES[2:3])})
    words = page(tmp_path, {"learning_rate": 1.0}, spec=spec).words
    assert "Hutter" in words and "little more than chance" not in words


@pytest.mark.usefixtures("chinese")
def test_in_chinese(tmp_path: Path) -> None:
    words = page(tmp_path, {"learning_rate": 1.0}).words
    assert "各行的重要性" in words and "提前停止" in words and "已添加为 v5" in words
