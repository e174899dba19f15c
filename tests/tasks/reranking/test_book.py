"""A book of queries with candidates, from its file to a report: what is proposed, what a run costs, what is said."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests import small
from tunebook.core.errors import PlanError
from tunebook.core.registry import tasks
from tunebook.data.options import DataOptions
from tunebook.tables.make import child
from tunebook.verbs.evaluate import evaluate
from tunebook.verbs.init import init
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.train import train


def records(count: int, seed: int = 0) -> list[dict[str, object]]:
    """Queries of which that passage is relevant which has a good word."""
    draw = random.Random(seed)
    words = small.words()
    good, bad, filler = words[:6], words[6:12], words[-14:]

    def text(one: str) -> str:
        found = [*draw.choices(filler, k=draw.randint(4, 9)), one]
        draw.shuffle(found)
        return " ".join(found)

    return [
        {
            "query": " ".join(filler[place] for place in (number % 14, number // 14 % 14, number // 196)),
            "pos": [text(draw.choice(good))],
            "neg": [text(draw.choice(bad)) for _ in range(10)],
        }
        for number in range(count)
    ]


def make_book(folder: Path) -> Book:
    """A book of 160 such queries in an empty folder."""
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in records(160)), encoding="utf-8")
    model = small.base_model(folder / "model")
    return init(folder / "book", file, model=model, options=DataOptions(task="reranking"))


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return make_book(tmp_path_factory.mktemp("ranked"))


@pytest.mark.usefixtures("even_speed")
def test_the_first_table_draws_candidates_and_counts_what_it_reads(book: Book) -> None:
    table = book.champion
    values = table.values()
    assert (values["candidates.positives"], values["candidates.negatives"]) == (1, 7)
    assert "seven others" in table.rows["candidates.negatives"].reason
    assert values["batch_size"] == 4 and "32 pairs" in table.rows["batch_size"].reason
    made = plan(table, book.data)
    assert made.params.max_length == 16, "of query and passage together"
    less = plan(child(table, {"candidates.negatives": 1}), book.data).estimate
    more = plan(child(table, {"candidates": "off"}), book.data).estimate
    assert less.seconds < made.estimate.seconds < more.seconds
    assert less.memory_bytes < made.estimate.memory_bytes < more.memory_bytes


@pytest.mark.parametrize(("passages", "queries"), [(10, 16), (20, 16), (25, 10), (80, 4), (500, 4)])
def test_a_step_has_about_32_pairs(passages: int, queries: int) -> None:
    judged = {"rows": 10, "all": passages, "positives": 10, "negatives": passages - 10}
    assert tasks()["reranking"]().proposes({"judged": judged})["batch_size"] == queries


@pytest.mark.parametrize("change", [{"mixup": "on"}, {"ordinal_loss": "on"}, {"class_weights": "balanced"}])
def test_what_does_not_fit_is_refused_with_the_reason(book: Book, change: dict[str, str]) -> None:
    with pytest.raises(PlanError) as caught:
        plan(child(book.champion, change), book.data)
    assert caught.value.message and caught.value.advice


def test_it_learns_and_tells(book: Book) -> None:
    rows = {"max_epochs": 4, "learning_rate": 3e-3, "batch_size": 8, "dropout": 0.0, "attention_dropout": 0.0}
    run = train(plan(child(book.champion, {**rows, "listwise": "on"}), book.data), track=())
    assert run.outcome["counters"]["candidates"]["shown"] > 0
    report = evaluate(run)
    assert report.headline == "ndcg@10" and report.metrics["ndcg@10"] > 0.9
    assert report.metrics["ndcg@10"] > report.baselines["bm25"]["ndcg@10"] > 0.2
    assert report.intervals["ndcg@10"].low < report.metrics["ndcg@10"]
    page = (run.results("test") / "report.html").read_text("utf-8")
    assert "Where the first relevant passage stands" in page and "NDCG@10" in page
    card = (run.model / "README.md").read_text("utf-8")
    assert "pipeline_tag: text-ranking" in card
    lines = (run.results("test") / "predictions.jsonl").read_text("utf-8").splitlines()
    said = [json.loads(line) for line in lines]
    assert all(len(one["passages"]) == 10 and one["true"] for one in said)
