"""Compare: pairs of runs are judged, single runs prove nothing, and other rows are refused."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import ab_book
from tunebook.core.errors import DataError, RunError
from tunebook.core.nouns import Report
from tunebook.core.verdict import Gate
from tunebook.verbs.abtest.arms import Arm, trained
from tunebook.verbs.abtest.scored import Exam, split_exam
from tunebook.verbs.compare import compare
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run, new_run


@pytest.fixture(scope="module")
def runs(base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[Run]]:
    book = ab_book.make_book(tmp_path_factory.mktemp("compare"), base)
    found: dict[int, list[Run]] = {}
    for version in (2, 3):
        table = book.tables.get(version)
        arm = Arm(table, plan(table, book.data, seed=0))
        found[version] = [trained(book.path / "runs", arm.plan(seed)).run for seed in (1, 2, 3)]
    return found


def test_pairs_of_runs_are_judged_as_a_test_judges_them(runs: dict[int, list[Run]]) -> None:
    found = compare(runs[2], runs[3])
    a, b = found.extra["scores"]["a"], found.extra["scores"]["b"]
    assert found.gain == pytest.approx((sum(b) - sum(a)) / 3)
    assert found.seeds == len(found.extra["mcnemar"]) == 3
    assert (found.a, found.b, found.metric, found.split) == (2, 3, "accuracy", "validation")
    assert found.lower < found.gain < found.upper and found.reason
    assert compare(runs[2], runs[3]).test == found.test != compare(runs[3], runs[2]).test
    assert compare(runs[2], runs[3], Gate(metric="macro_f1", delta=0)).metric == "macro_f1"


def test_groups_of_rows_are_counted(runs: dict[int, list[Run]], monkeypatch: pytest.MonkeyPatch) -> None:
    plain = compare(runs[2], runs[3])

    def grouped(data: Any, split: Any) -> Exam:
        exam = split_exam(data, split)
        return replace(exam, groups=np.arange(len(exam.rows)) // 3)

    monkeypatch.setattr("tunebook.verbs.compare.split_exam", grouped)
    found = compare(runs[2], runs[3])
    assert plain.groups == 0 and found.groups == -(-found.n // 3)
    assert found.gain == plain.gain and found.lower != plain.lower and "groups" in str(found.reason)


def test_runs_that_kept_no_looks_are_told(runs: dict[int, list[Run]], tmp_path: Path) -> None:
    """Version 3 has looked four times: the checkpoint of a run without its looks was chosen on these rows."""
    bare = Run(shutil.copytree(runs[3][1].path, tmp_path / runs[3][1].id))
    shutil.rmtree(bare.path / "looks")
    assert compare(runs[2], runs[3]).extra["uncrossed"] == 0
    assert compare(runs[2], [runs[3][0], bare, runs[3][2]]).extra["uncrossed"] == 1


def test_runs_are_paired_by_their_seeds_whatever_their_order(runs: dict[int, list[Run]]) -> None:
    turned = compare(runs[2][::-1], [runs[3][1], runs[3][2], runs[3][0]])
    assert turned.test == compare(runs[2], runs[3]).test


def test_two_pairs_describe_and_decide_nothing(runs: dict[int, list[Run]]) -> None:
    """Nobody gains 90 points: with three pairs that is proven."""
    rule = Gate(delta=0.9, alpha=0.45)
    assert compare(runs[2], runs[3], rule).verdict == "REJECT"
    two = compare(runs[2][:2], runs[3][:2], rule)
    assert (two.verdict, two.seeds) == ("INCONCLUSIVE", 2) and two.lower < two.gain < two.upper < 0.9
    assert "cannot be told" in str(two.reason)


def refused(code: str, *sides: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        compare(*sides)
    assert caught.value.code == code and caught.value.message and caught.value.advice
    return caught.value


def test_runs_that_are_no_pairs_are_refused(runs: dict[int, list[Run]]) -> None:
    one, two, _ = runs[2]
    twice = refused("ab.compare_seeds", [one, one, two], runs[3])
    assert "1, 1, 2 / 1, 2, 3" in twice.message
    refused("ab.compare_seeds", runs[2], [runs[3][0], runs[3][0], runs[3][0]])
    refused("ab.compare_seeds", [one, two], [runs[3][0], runs[3][2]])
    assert compare(one, runs[3][1]).verdict == "INCONCLUSIVE", "single runs of other seeds are told, and prove nothing"


def test_runs_of_several_tables_are_no_side(runs: dict[int, list[Run]]) -> None:
    one, two, _ = runs[2]
    mixed = refused("ab.compare_tables", [one, runs[3][1]], [runs[3][0], two])
    assert (mixed.key, mixed.value) == ("a", "v2, v3")
    assert refused("ab.compare_tables", [one, two], [runs[3][0], two]).key == "b"


def test_one_run_each_proves_nothing(runs: dict[int, list[Run]]) -> None:
    found = compare(runs[2][0], runs[3][0], Gate(delta=0))
    assert found.verdict == "INCONCLUSIVE" and (found.lower, found.upper) == (-math.inf, math.inf)
    assert found.flips and not found.passed and found.reason


def test_runs_that_do_not_belong_together(runs: dict[int, list[Run]], tmp_path: Path) -> None:
    for sides in ((runs[2], runs[3][:1]), ([], [])):
        with pytest.raises(DataError) as caught:
            compare(*sides)
        assert caught.value.code == "ab.compare_runs"
    run = new_run(tmp_path, runs[2][0].plan)
    (run.path / "plan.json").write_text(runs[2][0].plan.model_copy(update={"data": "other"}).model_dump_json())
    with pytest.raises(DataError) as caught:
        compare(runs[2][0], run)
    assert caught.value.code == "ab.compare_rows" and caught.value.message
    (run.path / "plan.json").write_text(runs[2][0].plan.model_dump_json())
    with pytest.raises(RunError):
        compare(runs[2][0], run)


def report(run: str, **more: Any) -> Report:
    made = {
        "split": "test",
        "rows": 100,
        "content": "c",
        "headline": "accuracy",
        "metrics": {"accuracy": 0.8, "ece": 0.1},
    }
    return Report(run=run, **{**made, **more})


def test_reports_are_compared_on_the_same_rows_only() -> None:
    better = report("b", metrics={"accuracy": 0.9, "ece": 0.05})
    found = compare(report("a"), better)
    assert found.gain == pytest.approx(0.1) and found.verdict == "INCONCLUSIVE" and found.n == 100
    assert compare(report("a"), better, Gate(metric="ece")).gain == pytest.approx(0.05), "less of an error is a gain"
    for other in (report("b", content="d"), report("b", split="validation"), Run(Path())):
        with pytest.raises(DataError) as caught:
            compare(report("a"), other)
        assert caught.value.code == "ab.compare_rows"
