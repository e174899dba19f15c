"""A metric of the owner's from book.toml: in a report, in a test and its gate, in the log, on the pages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.ab_book import set_gate
from tunebook.core.business import Business
from tunebook.core.errors import PlanError
from tunebook.core.nouns import read_json
from tunebook.verbs.ab import ab
from tunebook.verbs.abtest.ab_plan import ABPlan
from tunebook.verbs.abtest.binding import laxer
from tunebook.verbs.abtest.exams import split_exam
from tunebook.verbs.abtest.prepared import prepare_test
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.learn import lessons
from tunebook.verbs.promote import weigh
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.book_file import write_book_file


@pytest.fixture
def priced(proven: Book) -> Book:
    """A book with tests, whose owner says what errors cost."""
    (proven.path / "costs.csv").write_text("true,bad,good\nbad,0,4\ngood,1,0\n")
    sections = {"money": Business(costs="costs.csv", unit="EUR")}
    write_book_file(proven.file.model_copy(update={"business": sections}), proven.path)
    return open_book(proven.path)


def test_a_report_tells_it_with_interval_and_by_which_file(priced: Book) -> None:
    assert priced.file.business["money"].unit == "EUR", "book.toml is written as it is read"
    report = evaluate(priced.run("latest"), with_baselines=False)
    wrong = [[0, 4], [1, 0]]
    expected = sum(c * wrong[i][j] for i, row in enumerate(report.confusion) for j, c in enumerate(row)) / report.rows
    assert report.metrics["money"] == pytest.approx(expected)
    assert report.intervals["money"].low <= report.metrics["money"] <= report.intervals["money"].high
    told = report.extra["business"]["money"]
    assert told["costs"] == "costs.csv" and told["hash"]


def test_it_judges_a_test_and_is_guarded_in_another(priced: Book) -> None:
    verdict = ab(priced, 2, 3, metric="money", delta=0.0)
    a, b = verdict.extra["scores"]["a"], verdict.extra["scores"]["b"]
    assert verdict.passed and verdict.gain == pytest.approx(sum(a) / 3 - sum(b) / 3) and sum(b) < sum(a)
    plan: ABPlan = read_json(ABPlan, verdict.path / "plan.json")
    assert set(plan.business) == {"money"}
    (entry,) = [e for e in priced.log.entries("test") if e.evidence.get("test") == verdict.test]
    assert entry.evidence["metric"] == "money"
    page = (verdict.path / "report.html").read_text(encoding="utf-8")
    assert "money" in page
    lesson = next(item for item in lessons(priced, priced.log.entries()) if item.test == verdict.test)
    assert lesson.metric == f"money ({plan.business['money']})", "another book may call something else so"
    guarded = ab(priced, 2, 3, guard={"money": 0.05})
    (found,) = [guard for guard in guarded.guardrails if guard.name == "money"]
    assert found.kind == "own" and found.held and found.margin == 0.05
    assert guarded.extra["metrics"]["money"] == pytest.approx([sum(a) / 3, sum(b) / 3])


def test_the_last_proof_of_a_promotion_is_by_it_too(proven: Book) -> None:
    trial = weigh(proven, 3).trial
    assert trial is not None
    (proven.path / "costs.csv").write_text("true,bad,good\nbad,0,4\ngood,1,0\n")
    sections = {"money": Business(costs="costs.csv")}
    write_book_file(proven.file.model_copy(update={"business": sections}), proven.path)
    book = open_book(proven.path)
    priced = replace(trial, book=book, metric="money", exam=split_exam(trial.data, "test", "money"))
    found = priced.scores()
    assert found["metric"] == "money" and found["gain"] == pytest.approx(found["a"] - found["b"])
    assert found["b"] < found["a"], "costs are told as costs, and less is the gain"


def test_baselines_are_told_by_it_too(priced: Book) -> None:
    report = evaluate(priced.run("latest"))
    shares = [sum(row) / report.rows for row in report.confusion]
    either = [4 * shares[0], shares[1]]  # of one class for all rows
    assert report.baselines["majority"]["money"] in (pytest.approx(either[0]), pytest.approx(either[1]))
    assert set(report.baselines["majority"]) >= {"money", "accuracy"}
    page = (priced.run("latest").path / "report.html").read_text(encoding="utf-8")
    assert "money (EUR)" in page


def test_a_test_does_not_bind_once_the_costs_are_others(priced: Book) -> None:
    book = set_gate(priced, guard={"money": 0.5})
    before = prepare_test(book, 2, 3).plan
    assert laxer(before, before, book.file.gate) is None
    (book.path / "costs.csv").write_text("true,bad,good\nbad,0,9\ngood,1,0\n")
    after = prepare_test(open_book(book.path), 2, 3).plan
    assert after.id != before.id
    lax = laxer(before, after, book.file.gate)
    assert lax is not None and lax.key == "business.money"


def test_a_name_that_the_book_does_not_know_is_refused_before_anything_is_trained(priced: Book, tmp_path: Path) -> None:
    for asked in ({"metric": "profit"}, {"guard": {"profit": 0.1}}):
        with pytest.raises(PlanError) as caught:
            prepare_test(priced, 2, 3, **asked)  # type: ignore[arg-type]
        assert "money" in str(caught.value.allowed)
