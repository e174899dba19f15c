"""What answers are worth to the owner: by costs, a column, a function; against sums made by hand; and in a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.metrics import confusion_matrix

from tests.ab_book import arm_scores, exam, gains
from tunebook.core.business import Business, check_names
from tunebook.core.errors import BookError, PlanError
from tunebook.core.nouns import Labels
from tunebook.core.own_code import ALLOW
from tunebook.core.task import Rows
from tunebook.stats.gate import two_way
from tunebook.tasks.text_classification import TextClassification
from tunebook.verbs.abtest.ab_plan import Guard, Guards
from tunebook.verbs.abtest.guardrails import check_guards
from tunebook.verbs.abtest.looks import gain
from tunebook.verbs.steps.business import OwnMetric, named, scored

NAMES = ["bad", "so", "good"]
COSTS = "true,bad,so,good\nbad,,1,5\nso,0.5,0,0.5\ngood,2,1,\n"
MATRIX = np.array([[0, 1, 5], [0.5, 0, 0.5], [2, 1, 0]])
DRAW = np.random.default_rng(0)
TARGETS = DRAW.integers(3, size=60)
ANSWERS = DRAW.normal(size=(60, 3)).astype(np.float32)
WORTH = DRAW.integers(1, 9, size=60).astype(float)


def own(book: Path, problem: str = "single_label", targets: Any = TARGETS, **asked: Any) -> OwnMetric:
    ids = [str(row) for row in range(len(targets))]
    other = {"value": [f"{value:g}" for value in WORTH[: len(targets)]], "gap": ["1", None, *ids[2:]], "_row": ids}
    rows = Rows([f"text {row}" for row in ids], None, targets, ids, other=other)
    labels = Labels(problem=problem, names=[] if problem == "regression" else NAMES, low=0, high=2)
    return OwnMetric("money", Business(**asked), book, TextClassification(), rows, labels)


def values(metric: OwnMetric, answers: Any = ANSWERS) -> Any:
    metric.check()
    return metric.values(metric.said(answers))


def test_costs_are_those_of_the_confusion_matrix(tmp_path: Path) -> None:
    (tmp_path / "costs.csv").write_text(COSTS)
    metric = own(tmp_path, costs="costs.csv", unit="EUR")
    said = ANSWERS.argmax(1)
    np.testing.assert_allclose(values(metric), MATRIX[TARGETS, said])
    found, ends = scored({"money": metric}, ANSWERS, None)
    assert found["money"] == pytest.approx((confusion_matrix(TARGETS, said) * MATRIX).sum() / 60)
    assert ends["money"].low < found["money"] < ends["money"].high
    assert metric.sign == -1 and metric.metric().better == "less"


def test_a_run_without_a_model_costs_what_the_worst_answer_does(tmp_path: Path) -> None:
    (tmp_path / "costs.csv").write_text(COSTS)
    nothing = np.full_like(ANSWERS, np.nan)
    np.testing.assert_allclose(values(own(tmp_path, costs="costs.csv"), nothing), MATRIX.max(1)[TARGETS])
    assert not values(own(tmp_path, column="value"), nothing).any()


def test_costs_of_a_spreadsheet_that_writes_semicolons(tmp_path: Path) -> None:
    (tmp_path / "costs.csv").write_text(COSTS)
    expected = values(own(tmp_path, costs="costs.csv"))
    (tmp_path / "costs.csv").write_text("\ufeff" + COSTS.replace(",", ";"), encoding="utf-8")
    np.testing.assert_allclose(values(own(tmp_path, costs="costs.csv")), expected)


def test_several_labels_cost_what_is_missed_and_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "costs.csv").write_text("label,missed,wrong\nbad,3,1\nso,1,1\ngood,2,0.5\n")
    true = DRAW.integers(2, size=(60, 3)).astype(np.float32)
    metric, said = own(tmp_path, "multi_label", true, costs="costs.csv"), ANSWERS > 0
    missed, wrong = np.array([3, 1, 2]), np.array([1, 1, 0.5])
    expected = ((true > 0) & ~said) @ missed + ((true == 0) & said) @ wrong
    np.testing.assert_allclose(values(metric), expected)
    np.testing.assert_allclose(values(metric, np.full_like(ANSWERS, np.nan)), true @ missed + (1 - true) @ wrong)


def test_a_column_counts_where_the_answer_is_right_or_wrong(tmp_path: Path) -> None:
    right = ANSWERS.argmax(1) == TARGETS
    np.testing.assert_allclose(values(own(tmp_path, column="value")), WORTH * right)
    wrong = own(tmp_path, column="value", counts="wrong")
    np.testing.assert_allclose(values(wrong), WORTH * ~right)
    assert wrong.sign == -1 and own(tmp_path, column="value").sign == 1
    some = wrong.at([4, 2])
    np.testing.assert_allclose(values(some, ANSWERS[[4, 2]]), (WORTH * ~right)[[4, 2]])


FUNCTION = """
def saved(true, said, scores, rows):
    values = rows.column("value").to_pylist()
    sure = [0.0 if chances is None else max(chances.values()) for chances in scores]
    return [float(v) * (t == s) * p for t, s, p, v in zip(true, said, sure, values)]

def short(true, said, scores, rows):
    return [1.0]

def broken(true, said, scores, rows):
    return [t["no"] for t in true]

def endless(true, said, scores, rows):
    return [float("inf")] * len(true)

def huge(true, said, scores, rows):
    return [1e308] * len(true)

def flat(true, said, scores, rows):
    return [[1.0, 2.0] for _ in true]

def leaves(true, said, scores, rows):
    raise SystemExit(3)
"""


def test_a_function_is_given_truth_answers_scores_and_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOW, "1")
    (tmp_path / "mine.py").write_text(FUNCTION)
    metric = own(tmp_path, function="mine.py:saved", unit="EUR")
    chances = np.exp(ANSWERS.astype(float)) / np.exp(ANSWERS.astype(float)).sum(1, keepdims=True)
    expected = WORTH * (ANSWERS.argmax(1) == TARGETS) * chances.max(1)
    np.testing.assert_allclose(values(metric), expected, rtol=1e-6)
    before = metric.id
    (tmp_path / "mine.py").write_text(FUNCTION + "\n# changed\n")
    assert own(tmp_path, function="mine.py:saved", unit="CNY").id != before


@pytest.mark.parametrize(
    ("asked", "code", "told"),
    [
        ({"function": "mine.py:short"}, "business.function", "1 values for 60 rows"),
        ({"function": "mine.py:broken"}, "business.function", "mine.py:11"),
        ({"function": "mine.py:endless"}, "business.function", "row 0"),
        ({"function": "mine.py:huge"}, "business.function", "beyond 1e+100"),
        ({"function": "mine.py:flat"}, "business.function", "60 x 2 values"),
        ({"function": "mine.py:leaves"}, "business.function", "SystemExit"),
        ({"function": "leaves.py:f"}, "business.function", "SystemExit"),
        ({"function": "mine.py:none"}, "business.function", "none"),
        ({"function": "bad.py:f"}, "business.function", "bad.py:1"),
        ({"function": "../mine.py:saved"}, "business.file", "../mine.py"),
        ({"costs": "no.csv"}, "business.file", "no.csv"),
        ({"costs": "less.csv"}, "business.costs", "− good"),
        ({"costs": "twice.csv"}, "business.costs", "+ bad"),
        ({"costs": "words.csv"}, "business.costs", "bad × so"),
        ({"column": "price"}, "business.column", "value"),
        ({"column": "gap"}, "business.cells", "1"),
    ],
)
def test_what_cannot_be_worked_out_is_refused(
    asked: dict[str, Any], code: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ALLOW, "1")
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    (tmp_path / "mine.py").write_text(FUNCTION)
    (tmp_path / "bad.py").write_text("def f(:\n")
    (tmp_path / "leaves.py").write_text("raise SystemExit\n")
    (tmp_path / "less.csv").write_text("true,bad,so\nbad,0,1\nso,1,0\n")
    (tmp_path / "twice.csv").write_text(COSTS + "bad,1,1,1\n")
    (tmp_path / "words.csv").write_text(COSTS.replace("bad,,1,5", "bad,,much,5"))
    with pytest.raises(BookError) as caught:
        values(own(tmp_path, **asked))
    assert caught.value.code == code and told in str(caught.value) + caught.value.advice


def test_code_runs_where_it_is_allowed_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ALLOW, raising=False)
    (tmp_path / "mine.py").write_text("raise SystemExit")
    with pytest.raises(BookError) as caught:
        own(tmp_path, function="mine.py:saved").check()
    assert caught.value.code == "business.code"


def test_numbers_have_no_costs_and_names_are_not_taken_twice(tmp_path: Path) -> None:
    (tmp_path / "costs.csv").write_text(COSTS)
    with pytest.raises(BookError) as kind:
        own(tmp_path, "regression", TARGETS.astype(np.float32), costs="costs.csv").check()
    assert kind.value.code == "business.kind"
    metric = own(tmp_path, column="value")
    for name in ("accuracy", "latency"):
        with pytest.raises(BookError) as taken:
            OwnMetric(name, metric.asked, tmp_path, metric.task, metric.rows, metric.labels).check()
        assert taken.value.code == "business.name"
    assert named({"money": metric}, "money", "--cost") is metric
    with pytest.raises(PlanError) as unknown:
        named({"money": metric}, "time", "--cost")
    assert unknown.value.allowed == "money"


def test_a_section_says_one_thing_by_a_plain_name() -> None:
    for wrong in ({}, {"costs": "a.csv", "column": "b"}, {"function": "no_python"}):
        with pytest.raises(ValidationError):
            Business(**wrong)
    assert Business(column="clicks", better="less").sign == -1
    with pytest.raises(ValueError, match="letters"):
        check_names({"My Money": Business(column="clicks")})


def money_of(book: Path, rows: int = 200) -> Any:
    """Two arms of three runs, of which the second is right more often, in an exam with a metric of the owner's."""
    (book / "costs.csv").write_text("true,bad,good\nbad,0,4\ngood,1,0\n")
    asked = exam(rows)
    a, b = gains(3, rows, 0.7, 0.8)
    sides = [arm_scores(asked, right) for right in (a, b)]
    own = OwnMetric("money", Business(costs="costs.csv"), book, TextClassification(), asked.rows, sides[0].labels)
    asked.own.update(money=own)  # type: ignore[attr-defined]
    price = np.array([4.0, 1.0])[asked.targets]
    return sides, -(price * ~a), -(price * ~b)


def test_in_a_test_less_cost_is_the_gain_row_against_row(tmp_path: Path) -> None:
    (a, b), of_a, of_b = money_of(tmp_path)
    np.testing.assert_allclose(a.rows("money"), of_a)
    effect, expected = gain(a, b, "money", 0.05), two_way(of_b - of_a, 0.05)
    assert (effect.mean, effect.lower) == pytest.approx((expected.mean, expected.lower))
    assert effect.mean > 0
    np.testing.assert_allclose(a.told("money"), -of_a.mean(1))
    np.testing.assert_allclose(a.scores("money"), of_a.mean(1))
    some = np.array([3, 5, 5])
    assert a.scorers("money")[1](some) == pytest.approx(of_a[1][some].mean())


@pytest.mark.parametrize(("margin", "held"), [(0.01, True), (None, True)])
def test_it_may_be_guarded(margin: float | None, held: bool, tmp_path: Path) -> None:
    (a, b), _, _ = money_of(tmp_path)
    plan: Any = type("Plan", (), {"guards": [Guard(name="money", margin=margin)], "seeds": [1, 2, 3]})
    (found,) = check_guards(plan, (), (a, b), 0.05)
    assert found.kind == "own" and found.held == held and found.gain > 0
    (back,) = check_guards(plan, (), (b, a), 0.05)
    assert back.held == (margin is None) and back.gain == pytest.approx(-found.gain)


def test_guards_are_named_like_any_other() -> None:
    asked: Guards = {"money": 0.1}
    from tunebook.core.verdict import Gate, asked_gate

    assert asked_gate(Gate(), {"guard": asked}, ["money"]).guard == asked
    with pytest.raises(PlanError):
        asked_gate(Gate(), {"guard": asked})
