"""A first stage before and after reranking: scores of the whole search, none of which sees what was not found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.cli.conftest import Call
from tests.verbs import test_rerank

from tunebook.core.errors import DataError, RunError
from tunebook.core.judged import Judged
from tunebook.core.nouns import Interval
from tunebook.data.frozen import prepared_data
from tunebook.data.load import load
from tunebook.data.options import DataOptions
from tunebook.report.two_stages import TwoStages, sentence
from tunebook.tables.make import child
from tunebook.tasks.ranking.lexical import search
from tunebook.tasks.ranking.scores import ndcg
from tunebook.verbs.init import init
from tunebook.verbs.rerank import rerank
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import train
from tunebook.verbs.two_stages import two_stages

book, run = test_rerank.book, test_rerank.run


def test_before_is_the_search_and_after_the_order_of_the_model(run: Run) -> None:
    rows = load(prepared_data(run.plan), "test")
    found = two_stages(run, depth=5)
    best = Judged.of(search(rows)).best(5)
    assert found.rows == len(rows) and found.depth == 5
    before = ndcg(best.matrix(np.float32), rows.targets, run.plan.labels)
    assert found.first["ndcg@10"].value == pytest.approx(before.mean())
    after = np.zeros(len(rows))
    for row in range(len(rows)):
        own = best.passage[best.row == row]
        ranked = rerank(run, rows.texts[row], [rows.passages[one] for one in own.tolist()])
        answer = Judged(np.zeros(len(own), dtype=int), own[[one.place for one in ranked]], -np.arange(len(own)), 1)
        after[row] = ndcg(answer.matrix(np.float32), rows.targets[row : row + 1], run.plan.labels)[0]
    assert found.second["ndcg@10"].value == pytest.approx(after.mean(), abs=1e-6)
    assert found.gain.value == pytest.approx((after - before).mean(), abs=1e-6)
    relevant = Judged.of(rows.targets)
    relevant = relevant.at(relevant.value > 0)
    pairs = set(zip(best.row.tolist(), best.passage.tolist(), strict=True))
    share = np.mean([pair in pairs for pair in zip(relevant.row.tolist(), relevant.passage.tolist(), strict=True)])
    assert found.found == pytest.approx(share) and found.second["recall@10"].value <= 1
    page = found.path.read_text("utf-8")
    assert "Retrieve, then rerank" in page and f"{found.first['ndcg@10'].value:.3f}" in page


def test_a_query_of_which_nothing_is_found_stays_without_an_answer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = load(prepared_data(run.plan), "test")
    whole = search(rows)
    whole[0] = 0
    monkeypatch.setattr("tunebook.tasks.ranking.lexical.search", lambda rows: whole)
    found = two_stages(run, depth=3)
    assert found.rows == len(rows) and found.second["recall@10"].value < 1


@pytest.fixture(scope="module")
def searcher(book: Book) -> Run:
    """A run that searches the same passages."""
    folder = book.path.parent
    options = DataOptions(task="embedding")
    other = init(folder / "searched", folder / "rows.jsonl", model=folder / "model", options=options)
    return train(plan(child(other.champion, {"max_steps": 2}), other.data), track=())


def test_a_run_that_searches_may_be_the_first_stage(run: Run, searcher: Run) -> None:
    pages = [two_stages(run, searcher, depth=depth).path for depth in (2, 3)]
    assert [page.name for page in pages] == [f"behind-{searcher.id}-{depth}.html" for depth in (2, 3)]
    assert all(page.is_file() for page in pages)
    with pytest.raises(RunError) as caught:
        two_stages(run, run)
    assert caught.value.code == "embed.task" and caught.value.key == run.id


@pytest.mark.parametrize(("more", "code"), [({"depth": 1}, "predict.how"), ({"split": "other"}, "data.no_split")])
def test_what_cannot_be_asked_is_refused(run: Run, more: dict[str, object], code: str) -> None:
    with pytest.raises(DataError) as caught:
        two_stages(run, **more)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_runs_of_other_tasks_are_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    made = run.plan.model_copy(update={"task": "text_classification"})
    monkeypatch.setattr(Run, "plan", property(lambda self: made))
    with pytest.raises(DataError) as caught:
        two_stages(run)
    assert caught.value.code == "rerank.task"


@pytest.mark.parametrize(
    ("ends", "word"), [((0.01, 0.1), "lifts"), ((-0.2, -0.1), "lowers"), ((-0.1, 0.1), "not proven")]
)
def test_the_sentence_says_whether_it_is_proven(ends: tuple[float, float], word: str) -> None:
    one = {"ndcg@10": Interval(value=0.5, low=0.4, high=0.6)}
    gain = Interval(value=sum(ends) / 2, low=ends[0], high=ends[1])
    assert word in sentence(TwoStages(Path(), 9, 5, 0.8, one, one, gain), "ndcg@10")


def test_the_command_tells_both_sides(book: Book, run: Run, searcher: Run, tunebook: Call) -> None:
    data = tunebook("rerank", book.path, "--first", "bm25", "--depth", "5", "--json").json
    assert data["rows"] > 10 and Path(data["path"]).is_file()
    assert data["first"].keys() == data["second"].keys() >= {"ndcg@10"} and data["gain"].keys() >= {"low", "high"}
    told = tunebook("rerank", book.path, "--first", searcher.path, "--depth", "3")
    assert told.code == 0 and "NDCG@10" in told.out and "tunebook rerank" in told.out
    for words in ((), ("query",), ("query", "file", "--first", "bm25"), ("--first", "bm25", "--top-k", "3")):
        assert tunebook("rerank", book.path, *words, "--json").json["error"]["code"] == "rerank.what"
    assert (
        tunebook("rerank", book.path, "--first", "bm25", "--split", "x", "--json").json["error"]["code"] == "cli.option"
    )
