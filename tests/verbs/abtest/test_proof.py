"""What a promotion rests on, checked; the ways of cheating it are in `tests/verbs/test_cheating.py`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests import ab_book
from tests.plans import frozen
from tunebook.core.errors import RefusedError
from tunebook.core.verdict import Verdict
from tunebook.verbs.ab import ab
from tunebook.verbs.abtest import proof
from tunebook.verbs.abtest.arms import known
from tunebook.verbs.abtest.prepared import prepare_test
from tunebook.verbs.abtest.proof import checked, pair_tests
from tunebook.verbs.abtest.scored import answers_of, split_exam
from tunebook.verbs.abtest.verdicts import fitting_verdicts
from tunebook.verbs.promote import weigh
from tunebook.verbs.steps.book import Book


def verdict_of(book: Book) -> Verdict:
    return fitting_verdicts(book, book.tables.get(3))[0]


def refused(book: Book, verdict: Verdict) -> str:
    with pytest.raises(RefusedError) as caught:
        checked(book, book.tables.get(3), verdict)
    return caught.value.code


def test_all_tests_of_a_pair_are_found_and_no_others(proven: Book) -> None:
    verdict = verdict_of(proven)
    ab(proven, 2, 3, seeds=[1001, 1002, 1003])
    ab(proven, 2, 3, metric="macro_f1")
    assert next(item.test for item in pair_tests(proven, verdict)) == verdict.test
    assert len(pair_tests(proven, verdict)) == 2
    assert not pair_tests(proven, verdict.model_copy(update={"content": "other"}))


def test_a_newer_test_that_is_laxer_does_not_hide_one_that_binds(proven: Book) -> None:
    first = verdict_of(proven)
    lax = ab(proven, 2, 3, alpha=0.2)
    assert verdict_of(proven).test == lax.test
    weighed = weigh(proven, 3)
    assert weighed.change.evidence["verdict"]["test"] == first.test
    assert [item["test"] for item in weighed.change.evidence["tests"]] == [first.test, lax.test]


def test_a_model_that_is_gone_leaves_its_answers(proven: Book) -> None:
    """What the test rests on is there; the second proof trains models of its own."""
    verdict = verdict_of(proven)
    run = proven.path / "runs" / verdict.extra["runs"]["b"][0]
    shutil.rmtree(run / "model")
    checked(proven, proven.tables.get(3), verdict)
    shutil.rmtree(run / "looks")
    assert refused(proven, verdict) == "promote.figures"


def test_answers_of_a_run_that_kept_no_looks(proven: Book) -> None:
    """As runs of before today: what its model answered to the rows was kept, or is asked for again."""
    arms = prepare_test(proven, 2, 3).arms
    result = known(proven.path / "runs", arms[1].plan(1))
    assert result is not None and result.folder is not None
    exam = split_exam(proven.data, "validation")
    shutil.rmtree(result.run.path / "looks")
    asked = answers_of(result, exam)
    shutil.rmtree(result.folder)
    kept = answers_of(result, exam)
    assert asked is not None and kept is not None and (asked.logits == kept.logits).all()
    (result.run.path / "validation" / "logits.npz").unlink()
    assert answers_of(result, exam) is None


def test_rows_that_changed_under_the_same_name(proven: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = proof._plan(verdict_of(proven), {}).model_copy(update={"rows": "others"})
    monkeypatch.setattr(proof, "_plan", lambda *_: plan)
    assert refused(proven, verdict_of(proven)) == "promote.other_rows"


def test_a_verdict_that_names_too_few_runs(proven: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "is_logged", lambda *_: True)
    verdict = verdict_of(proven)
    for named in ({"a": [], "b": []}, {}):
        assert refused(proven, verdict.model_copy(update={"extra": {"runs": named}})) == "promote.runs"


def test_a_verdict_of_before_today_has_no_models_nor_looks(proven: Book) -> None:
    """Its log entry names none, so what the trainings wrote down themselves counts."""
    verdict = verdict_of(proven)
    (entry,) = proven.log.entries("test")
    told = {name: entry.evidence[name] for name in entry.evidence if name not in ("models", "runs", "plan", "history")}
    proven.log.append("test", table=3, evidence=told)
    old = verdict.model_copy(update={"history": []})
    checked(proven, proven.tables.get(3), old)
    path = proven.path / "runs" / verdict.extra["runs"]["a"][0]
    (path / "model" / "config.json").write_text("{}")
    assert refused(proven, old) == "promote.runs"


def test_where_both_arms_continue_from(proven: Book, tmp_path: Path) -> None:
    run = proven.runs[0]
    plans: dict[str, Any] = {
        "own": frozen(continues=Path("/elsewhere/book/runs") / run.id),
        "other": frozen(continues=tmp_path / "x"),
    }
    assert proof._start(proven, plans["own"]) == str(run.path)
    assert proof._start(proven, plans["other"]) == str(tmp_path / "x")
    assert proof._start(proven, frozen()) is None


def test_a_laxer_test_of_continued_arms_names_the_run_in_its_advice(proven: Book) -> None:
    told = {"key": "v3", "name": "v3", "a": "v2", "book": proven.path}
    with pytest.raises(RefusedError, match="--continue-from runs/x"):
        proof._binds(proven, frozen(alpha=0.2, continues=Path("runs/x")), frozen(), told)


def test_the_gate_of_the_book_counts_not_the_plan(proven: Book) -> None:
    book = ab_book.set_gate(proven, alpha=0.01)
    with pytest.raises(RefusedError) as caught:
        checked(book, book.tables.get(3), verdict_of(book))
    assert (caught.value.code, caught.value.value, caught.value.allowed) == ("promote.laxer", 0.05, "<= 0.01")
