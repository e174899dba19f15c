"""Passages of a file in the order that a run's model finds: as sentence-transformers would order them."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tasks.reranking.test_book import make_book, records
from tunebook.core.errors import DataError
from tunebook.data.options import DataOptions
from tunebook.tables.make import child
from tunebook.tasks.ranking.mining import Rules
from tunebook.verbs.mine import Models, mine
from tunebook.verbs.rerank import read_passages, rerank
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.merge import golden, merge
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import train


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return make_book(tmp_path_factory.mktemp("reranked"))


@pytest.fixture(scope="module")
def run(book: Book) -> Run:
    rows = {"max_epochs": 4, "learning_rate": 3e-3, "batch_size": 8, "dropout": 0.0, "attention_dropout": 0.0}
    return train(plan(child(book.champion, {**rows, "listwise": "on"}), book.data), track=())


PASSAGES = [text for row in records(40, seed=9) for text in (*row["pos"], *row["neg"][:2])]  # type: ignore[misc, index]


def test_scores_are_those_of_sentence_transformers(run: Run) -> None:
    sentence_transformers = pytest.importorskip("sentence_transformers")
    found = rerank(run, "the room", PASSAGES)
    model = sentence_transformers.CrossEncoder(str(run.model), device="cpu")
    theirs = model.predict([("the room", text) for text in PASSAGES], show_progress_bar=False)
    assert [one.rank for one in found] == list(range(1, len(PASSAGES) + 1))
    np.testing.assert_allclose([one.score for one in found], theirs[[one.place for one in found]], atol=1e-5)
    assert [one.text for one in found] == [PASSAGES[one.place] for one in found]
    assert all(one.score >= other.score for one, other in pairwise(found))
    assert found[0].score - found[-1].score > 0.01


def test_empty_passages_have_no_place_and_ties_stay_in_order(run: Run) -> None:
    found = rerank(run, "food", ["", "very good", "  ", "very good"], top_k=3)
    assert [(one.rank, one.place) for one in found] == [(1, 1), (2, 3)]
    assert rerank(run, "food", [" "]) == []


@pytest.mark.parametrize(("query", "more", "code"), [(" ", {}, "rerank.query"), ("food", {"top_k": 0}, "predict.how")])
def test_what_cannot_be_ordered_is_refused(run: Run, query: str, more: Any, code: str) -> None:
    with pytest.raises(DataError) as caught:
        rerank(run, query, ["a"], **more)
    assert caught.value.code == code


def test_runs_of_other_tasks_are_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    made = run.plan.model_copy(update={"task": "text_classification"})
    monkeypatch.setattr(Run, "plan", property(lambda self: made))
    with pytest.raises(DataError) as caught:
        rerank(run, "food", ["a"])
    assert caught.value.code == "rerank.task"


def test_passages_are_lines_or_a_column_with_its_titles(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("the room\nthe food\n", encoding="utf-8")
    assert [row["passage"] for row in read_passages(tmp_path / "a.txt")] == ["the room", "the food"]
    (tmp_path / "b.jsonl").write_text('{"id": "7", "title": "Rooms", "text": "all of them"}\n', encoding="utf-8")
    assert read_passages(tmp_path / "b.jsonl")[0]["passage"] == "Rooms all of them"
    (tmp_path / "c.csv").write_text("n,what\n1,the room is here\n2,and the food too\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_passages(tmp_path / "c.csv")
    assert caught.value.code == "rerank.column" and caught.value.allowed == "n | what"
    found = read_passages(tmp_path / "c.csv", DataOptions(text="what"))
    assert [row["passage"] for row in found] == ["the room is here", "and the food too"]
    with pytest.raises(DataError) as refused:
        read_passages(tmp_path / "c.csv", DataOptions(text="other"))
    assert refused.value.code == "embed.column"


def test_a_merged_model_is_compared_on_rows_that_keep_all_passages(run: Run, tmp_path: Path) -> None:
    merged = merge(run, tmp_path / "merged")
    assert merged.rows and merged.difference == 0 and merged.load.startswith("AutoModelForSequenceClassification")
    assert len(golden(run).passages or ()) > len(golden(run))


def test_a_book_of_rerankers_leaves_out_negatives_of_a_mining(run: Run, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    rows = [{name: row[name] for name in ("query", "pos")} for row in records(40)]
    pairs.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    mined = mine(pairs, tmp_path / "out.jsonl", Rules(count=3, gap=0.01), by=Models(filter=str(run.book)))
    assert mined.filtered
    for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        scores = {one.text: one.score for one in rerank(run, row["query"], [*row["pos"], *row["neg"]])}
        least = min(scores[text] for text in row["pos"])
        assert all(scores[text] < least - 0.01 + 1e-6 for text in row["neg"])
    assert not list(tmp_path.glob(".*.mining"))
