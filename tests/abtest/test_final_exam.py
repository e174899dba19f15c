"""What the test rows say of a promotion, by the runs of the test that speaks for it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests import ab_book
from tunebook.abtest.exam import kept_logits, split_exam
from tunebook.abtest.final_exam import final_scores
from tunebook.core.errors import BookError
from tunebook.core.verdict import Verdict
from tunebook.verbs.ab import ab
from tunebook.verbs.book import Book, open_book
from tunebook.verbs.promote import opened, promote


@pytest.fixture(scope="module")
def tested(base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Verdict]:
    book = ab_book.make_book(tmp_path_factory.mktemp("final"), base, rows=160)
    promote(book, 2, force=True, reason="the table to beat")
    return book.path, ab(book, 2, 3, seeds=3, looks=())


@pytest.fixture
def book(tested: tuple[Path, Verdict], tmp_path: Path) -> Book:
    shutil.copytree(tested[0], tmp_path / "book")
    return open_book(tmp_path / "book")


def test_the_gain_is_that_of_the_tests_own_runs(book: Book, tested: tuple[Path, Verdict]) -> None:
    verdict = tested[1]
    found = final_scores(book, verdict)
    exam = split_exam(book.data, "test")
    right = {
        side: np.stack(
            [kept_logits(book.run(name), exam).argmax(1) == exam.targets for name in verdict.extra["runs"][side]]
        )
        for side in "ab"
    }
    assert found is not None and (found["n"], found["seeds"]) == (book.data.rows["test"], 3)
    assert found["a"] == pytest.approx(right["a"].mean())
    assert found["gain"] == pytest.approx(right["b"].mean() - right["a"].mean())
    assert found["lower"] <= found["gain"] <= found["upper"]


def test_a_promotion_logs_it_and_counts_the_looks(book: Book, tested: tuple[Path, Verdict]) -> None:
    verdict = tested[1]
    before = opened(book)["logged"]
    entry = promote(book, 3, verdict=verdict, force=not verdict.passed, reason="proven")
    assert entry.evidence["test_scores"]["n"] == book.data.rows["test"]
    assert entry.evidence["test_split"]["logged"] == before
    assert opened(book)["logged"] == before + 1


@pytest.mark.parametrize("gone", ["model", "data", "runs"])
def test_nothing_where_it_cannot_be_told(book: Book, tested: tuple[Path, Verdict], gone: str) -> None:
    verdict = tested[1]
    if gone == "model":
        shutil.rmtree(book.path / "runs" / verdict.extra["runs"]["b"][0] / "model")
    changed = {"data": {"content": "other rows"}, "runs": {"extra": {}}, "model": {}}[gone]
    assert final_scores(book, verdict.model_copy(update=changed)) is None


def test_runs_that_lead_out_of_the_book_are_not_read(book: Book, tested: tuple[Path, Verdict]) -> None:
    extra = {**tested[1].extra, "runs": {"a": ["../../final/runs/x"], "b": ["y"]}}
    with pytest.raises(BookError) as caught:
        final_scores(book, tested[1].model_copy(update={"extra": extra}))
    assert caught.value.code == "file.damaged"
